package bureau_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

var _ issuance.Bureau = (*bureau.Sandbox)(nil)

func made(t *testing.T, s bureau.Settings) *bureau.Sandbox {
	t.Helper()
	b, err := bureau.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNew_ReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := bureau.New(bureau.Settings{CutOff: 24 * time.Hour, Weekdays: []time.Weekday{9}, Countries: []string{"mx"}, Couriers: []string{"UPS"}})
	if err == nil {
		t.Fatal("wrong settings were taken")
	}
	for _, want := range []string{"cut-off", "working day 9", `"mx"`, `"UPS"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not reported in %q", want, err)
		}
	}
}

func TestCutoff_IsThatDayOrTheNextWorkingDay(t *testing.T) {
	t.Parallel()
	mexico, err := time.LoadLocation("America/Mexico_City")
	if err != nil {
		t.Fatal(err)
	}
	plain := made(t, bureau.Settings{CutOff: 16 * time.Hour})
	local := made(t, bureau.Settings{CutOff: 18 * time.Hour, Zone: mexico, Weekdays: []time.Weekday{time.Monday, time.Saturday}})
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for name, c := range map[string]struct {
		bureau   *bureau.Sandbox
		at, want string
	}{
		"before the hour":               {plain, "2026-03-03T15:59:59Z", "2026-03-03T16:00:00Z"},
		"at the hour it has closed":     {plain, "2026-03-03T16:00:00Z", "2026-03-04T16:00:00Z"},
		"friday evening":                {plain, "2026-03-06T16:00:01Z", "2026-03-09T16:00:00Z"},
		"sunday":                        {plain, "2026-03-08T01:00:00Z", "2026-03-09T16:00:00Z"},
		"another zone, the day before":  {local, "2026-03-08T00:30:00Z", "2026-03-10T00:00:00Z"},
		"another zone, before the hour": {local, "2026-03-07T23:30:00Z", "2026-03-08T00:00:00Z"},
		"the end of a month":            {plain, "2026-02-28T12:00:00Z", "2026-03-02T16:00:00Z"},
	} {
		if got := c.bureau.Cutoff(at(c.at)); !got.Equal(at(c.want)) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestCheck_FollowsTheTriggers(t *testing.T) {
	t.Parallel()
	b := made(t, bureau.Settings{Countries: []string{"MX"}})
	member := func(n byte, line2 string) card.Packed {
		return card.Packed{Member: shipment.Member{ID: ident.MemberID{UUID: ident.UUID{n}}, Address: shipment.Address{Line2: line2}}}
	}
	box := card.Box{
		Shipment: shipment.Shipment{Destination: shipment.Address{Country: "MX"}, Courier: shipment.Courier{Type: "DHL"}},
		Packed:   []card.Packed{member(1, ""), member(2, bureau.TriggerReject), member(3, "SANDBOX-REJECT-LATER")},
	}
	refused, err := b.Check(box)
	if err != nil || len(refused) != 1 || refused[box.Packed[1].Member.ID] != "MANUFACTURER_REJECTED" {
		t.Errorf("refused %v, %v", refused, err)
	}
	box.Shipment.Destination.Country = "FR"
	if refused, err := b.Check(box); err != nil || len(refused) != 3 || refused[box.Packed[0].Member.ID] != "ADDRESS_NOT_SERVED" {
		t.Errorf("refused %v, %v", refused, err)
	}
	box.Shipment.Destination.Line2 = bureau.TriggerDown
	_, err = b.Check(box)
	if !errors.Is(err, shipment.BureauDown) || fault.Of(err).RetryAfter <= 0 {
		t.Errorf("a bureau that is down said %v", err)
	}
}

func TestPrintable_KnowsLatinLettersOnly(t *testing.T) {
	t.Parallel()
	b := made(t, bureau.Settings{})
	for line, want := range map[string]bool{
		"Av. Reforma 222, #5": true, "José Núñez": true, "Łódź": true, "": true,
		"北京": false, "Ana\n": false, "tab\there": false, "smile 🙂": false, "\u007f": false, "soft\u00adhyphen": false, "\xff": false,
	} {
		if got := b.Printable(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestEmboss_PrintsEveryScriptInLatinCapitals(t *testing.T) {
	t.Parallel()
	b := made(t, bureau.Settings{})
	for line, want := range map[string]string{
		"Ana Torres": "ANA TORRES", "José Núñez": "JOSE NUNEZ", "Jose\u0301": "JOSE", "Łukasz Żółć": "LUKASZ ZOLC", "Søren Strauß": "SOREN STRAUSS",
		"Ольга Чайковская": "OLGA CHAIKOVSKAIA", "Γιώργος Παπαδόπουλος": "GIORGOS PAPADOPOULOS", "王 小明": "WANG XIAO MING",
		"山田 はなこ": "SHAN TIAN HANAKO", "김 민준": "GIM MINJUN", "محمد": "MHMD", "דוד": "DVD", "अनीता": "ANIITAA",
		"O’Brien": "O'BRIEN", "O'Neil-Smith, J. & Co/2": "O'NEIL-SMITH, J. & CO/2", "Nguyễn Thị": "NGUYEN THI",
		" two \t spaces ": "TWO SPACES", "🙂": "", "": "", "\xff": "", "\u202eana": "ANA", "a_b@c": "ABC", "ＡＢＣ": "ABC",
	} {
		if got := b.Emboss(line); got != want {
			t.Errorf("%q is embossed %q, want %q", line, got, want)
		}
	}
}

func FuzzEmboss(f *testing.F) {
	for _, seed := range []string{"José", "Ольга", "王", "\xff\u00ad", "\U000e0041\U0010ffff"} {
		f.Add(seed)
	}
	b, err := bureau.New(bureau.Settings{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		once := b.Emboss(line)
		if strings.Trim(once, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,'&/-") != "" || strings.TrimSpace(once) != once || !b.Printable(once) {
			t.Fatalf("%q is embossed %q", line, once)
		}
		if twice := b.Emboss(once); twice != once {
			t.Fatalf("%q is embossed %q, and that %q", line, once, twice)
		}
	})
}
