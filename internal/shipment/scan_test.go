package shipment_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/shipment"
)

var t0 = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

// road is every move that a scan makes; what is not in it moves nothing.
var road = map[shipment.Status][]shipment.Status{
	shipment.Placed:         {shipment.ReadyToShip, shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.InProduction:   {shipment.ReadyToShip, shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.ReadyToShip:    {shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.InTransit:      {shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.OutForDelivery: {shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.DeliveryFailed: {shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.Exception, shipment.Canceled, shipment.Returned, shipment.Lost},
	shipment.Exception:      {shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Canceled, shipment.Returned, shipment.Lost},
}

func TestNext_EveryStateTimesEveryScan(t *testing.T) {
	t.Parallel()
	for _, from := range shipment.Statuses() {
		for _, scan := range shipment.Statuses() {
			moves := false
			for _, to := range road[from] {
				moves = moves || to == scan
			}
			got, moved := shipment.Next(from, scan)
			want := from
			if moves {
				want = scan
			}
			if got != want || moved != moves {
				t.Errorf("%s + %s: %s (moved %v), want %s", from, scan, got, moved, want)
			}
		}
	}
}

func genScans(t *rapid.T) []shipment.Scan {
	var scans []shipment.Scan
	for i := range rapid.IntRange(0, 8).Draw(t, "n") {
		scans = append(scans, shipment.Scan{
			Key: string(rune('a' + i)),
			Status: rapid.SampledFrom([]shipment.Status{
				shipment.ReadyToShip, shipment.InTransit, shipment.OutForDelivery, shipment.Delivered,
				shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost, shipment.Canceled,
			}).Draw(t, "status"),
			At: t0.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "at")) * time.Hour),
		})
	}
	return scans
}

func TestSettle_AnyOrderAndRepetitionGivesTheSameState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scans := genScans(t)
		want := shipment.Settle(shipment.Placed, scans)
		shuffled := rapid.Permutation(append(append([]shipment.Scan(nil), scans...), scans...)).Draw(t, "order")
		if got := shipment.Settle(shipment.Placed, shuffled); got != want {
			t.Fatalf("%v settles as %+v, shuffled and repeated as %+v", scans, want, got)
		}
	})
}

func TestSettle_AnEndIsNeverLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scans := genScans(t)
		before := shipment.Settle(shipment.Placed, scans)
		later := append(scans, shipment.Scan{Key: "later", Status: shipment.InTransit, At: t0.Add(24 * time.Hour)},
			shipment.Scan{Key: "latest", Status: shipment.Delivered, At: t0.Add(25 * time.Hour)})
		after := shipment.Settle(shipment.Placed, later)
		if before.Status.Ended() && after != before {
			t.Fatalf("%+v became %+v", before, after)
		}
		if (after.Status == shipment.Delivered) == after.DeliveredAt.IsZero() {
			t.Fatalf("delivered without a time, or a time without delivery: %+v", after)
		}
	})
}

func TestSettle_ContractExamples(t *testing.T) {
	t.Parallel()
	at := func(h int, s shipment.Status) shipment.Scan {
		return shipment.Scan{Key: string(s), Status: s, At: t0.Add(time.Duration(h) * time.Hour)}
	}
	for name, c := range map[string]struct {
		scans []shipment.Scan
		want  shipment.Status
	}{
		"no scan":                         {nil, shipment.Placed},
		"a jump to delivered":             {[]shipment.Scan{at(1, shipment.Delivered)}, shipment.Delivered},
		"failed, then out again":          {[]shipment.Scan{at(1, shipment.DeliveryFailed), at(2, shipment.OutForDelivery)}, shipment.OutForDelivery},
		"in transit told after delivered": {[]shipment.Scan{at(2, shipment.Delivered), at(1, shipment.InTransit)}, shipment.Delivered},
		"returned after delivered":        {[]shipment.Scan{at(1, shipment.Delivered), at(2, shipment.Returned)}, shipment.Delivered},
		"lost stays lost":                 {[]shipment.Scan{at(1, shipment.Lost), at(2, shipment.Delivered)}, shipment.Lost},
		"ready after in transit":          {[]shipment.Scan{at(1, shipment.InTransit), at(2, shipment.ReadyToShip)}, shipment.InTransit},
	} {
		if got := shipment.Settle(shipment.Placed, c.scans); got.Status != c.want {
			t.Errorf("%s: %s, want %s", name, got.Status, c.want)
		}
	}
}
