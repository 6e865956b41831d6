package bench

import (
	"fmt"
	"net/http"
	"strings"
)

// The workloads. Those that are references go to a server that does nothing.
const (
	FloorPost  = "empty POST"
	FloorGet   = "empty GET"
	Activate   = "activate by code"
	ActivateBy = "activate by identifier"
	WrongCode  = "wrong code"
	Replay     = "replay"
	Already    = "already activated"
	GetCard    = "GET card"
	Refused    = "refused credential"
	Scan       = "courier scan"
	Mix        = "mix"
)

// Workloads lists those that go to the server, in the order in which they are shown.
func Workloads() []string {
	return []string{Activate, ActivateBy, WrongCode, Replay, Already, GetCard, Refused, Scan, Mix}
}

// uses tells whether a workload uses cards up.
func uses(workload string) bool {
	return workload == Activate || workload == ActivateBy || workload == WrongCode || workload == Mix || strings.HasPrefix(workload, peerActivate)
}

const apiVersion = "2025-02-14"

// ProxyAddress is where refused credentials come from. The server is to take it for a proxy, which names another
// caller each time: it blocks a caller who fails often, and that is not what is measured.
const ProxyAddress = "127.0.0.2"

// shot is one request and the status that its workload is about.
type shot struct {
	request
	want int
}

// shooter makes the requests of every workload.
type shooter struct {
	access Access
	stock  *stock
	cards  string // header lines of the cards API
	wrong  string
	debit  string
	broken string // a credential that lacks a letter: nobody has to look it up
}

func newShooter(a Access, s *stock) *shooter {
	bearer := func(key string) string {
		return "Authorization: Bearer " + key + "\r\nReap-Version: " + apiVersion + "\r\n"
	}
	return &shooter{
		access: a, stock: s, cards: bearer(a.Cards), wrong: bearer(a.Wrong), broken: bearer(cut(a.Cards)),
		debit: "Authorization-ecommerce: " + a.Debit + "\r\n",
	}
}

// cut is a key without its last letter.
func cut(key string) string { return key[:max(0, len(key)-1)] }

// next gives the n-th request of a window; false when the stock has no more for it.
func (s *shooter) next(workload string, n int) (shot, bool) {
	if peer := peerOf(workload); peer != "" {
		return peerShot(workload, n, s.access.PeerCards[peer]), true
	}
	switch workload {
	case FloorPost:
		return shot{request{http.MethodPost, "/", s.cards, "floor", `{"activationCode":"123456"}`}, http.StatusNoContent}, true
	case FloorGet:
		return shot{request{http.MethodGet, "/", s.cards, "", ""}, http.StatusOK}, true
	case Activate:
		c, ok := s.fresh()
		return s.activate(c, s.cards, s.key(), c.code, http.StatusNoContent), ok
	case ActivateBy:
		return s.activateBy(n)
	case WrongCode:
		if n >= guesses*len(s.stock.wrong) {
			return shot{}, false
		}
		c := s.stock.wrong[n%len(s.stock.wrong)]
		return s.activate(c, s.wrong, "", anotherCode(c.code), http.StatusBadRequest), true
	case Replay:
		i := n % len(s.stock.used)
		c := s.stock.used[i]
		return s.activate(c, s.cards, usedKey(i), c.code, http.StatusNoContent), true
	case Already:
		c := s.stock.used[n%len(s.stock.used)]
		return s.activate(c, s.cards, "", c.code, http.StatusBadRequest), true
	case GetCard:
		c := s.stock.used[n%len(s.stock.used)]
		return shot{request{http.MethodGet, "/cards/" + c.id, s.cards, "", ""}, http.StatusOK}, true
	case Refused:
		c := s.stock.used[n%len(s.stock.used)]
		caller := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\nX-Forwarded-Proto: http\r\n", n>>16&255, n>>8&255, n&255)
		return s.activate(c, s.broken+caller, "", c.code, http.StatusUnauthorized), true
	case Scan:
		return s.scan(n), true
	case Mix:
		return s.mix(n)
	}
	return shot{}, false
}

func (s *shooter) key() string { return keyOf("bench", int(s.stock.nextKey.Add(1))) }

func (s *shooter) fresh() (mailed, bool) {
	i := int(s.stock.nextFresh.Add(1)) - 1
	if i >= len(s.stock.fresh) {
		return mailed{}, false
	}
	return s.stock.fresh[i], true
}

func (s *shooter) activate(c mailed, header, key, code string, want int) shot {
	return shot{request{http.MethodPost, "/cards/" + c.id + "/activate", header, key, `{"activationCode":"` + code + `"}`}, want}
}

// activateBy activates a card of a bulk order for a holder that exists.
func (s *shooter) activateBy(n int) (shot, bool) {
	i := int(s.stock.nextLabel.Add(1)) - 1
	if i >= len(s.stock.labels) {
		return shot{}, false
	}
	body := `{"customer_id":"` + s.stock.holders[n%len(s.stock.holders)] + `",` + s.stock.labels[i] + `}`
	return shot{request{http.MethodPost, "/debit/v1/activateCardForCustomer", s.debit, s.key(), body}, http.StatusOK}, true
}

// scan reports that a courier tries to deliver, and that it failed: both change the parcel, for ever.
func (s *shooter) scan(n int) shot {
	parcels := s.stock.parcels
	status := "OUT_FOR_DELIVERY"
	if n/len(parcels)%2 == 1 {
		status = "DELIVERY_FAILED"
	}
	return shot{request{
		http.MethodPost, "/simulation/card-shipments/" + parcels[n%len(parcels)] + "/shipping-status", s.cards, "", `{"status":"` + status + `"}`,
	}, http.StatusNoContent}
}

// mix is what a day is made of: of twenty requests, nine ask about a card, six are activations of either API,
// three are scans, one is a replay and one a card that works already.
func (s *shooter) mix(n int) (shot, bool) {
	kinds := [20]string{
		GetCard, Activate, GetCard, ActivateBy, GetCard, Scan, GetCard, Activate, Replay, GetCard,
		Activate, GetCard, ActivateBy, Scan, GetCard, Already, GetCard, Activate, GetCard, Scan,
	}
	return s.next(kinds[n%len(kinds)], n)
}

// anotherCode gives six digits that are not the code.
func anotherCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}
