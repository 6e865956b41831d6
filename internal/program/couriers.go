package program

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// ScanIgnored is what the words of couriers mean that tell nothing which is kept.
const ScanIgnored = "ignored"

// courierScans are the states of a shipment that a courier may report; what the bureau says is not among them.
func courierScans() []string {
	return []string{"in_transit", "out_for_delivery", "delivered", "delivery_failed", "exception", "returned", "lost"}
}

// CourierScan is what a word of a courier means: a state of a shipment, or [ScanIgnored]. Our own words mean themselves, whoever uses
// them and unless the policy says otherwise. ok is false for a word that nobody explained.
func (p Policy) CourierScan(courier, word string) (meaning string, ok bool) {
	if meaning, ok = p.CourierWords[courier+":"+word]; ok {
		return meaning, true
	}
	return word, slices.Contains(courierScans(), word)
}

var courierWord = regexp.MustCompile(`^(DHL|FEDEX|POSTAL|SF_EXPRESS):[A-Za-z0-9._-]{1,40}$`)

// setCourierWords reads items such as DHL:OK=delivered.
func setCourierWords(p *Policy, v string) error {
	p.CourierWords = nil
	if v == "" {
		return nil
	}
	words := map[string]string{}
	for _, item := range strings.Split(v, ",") {
		word, meaning, _ := strings.Cut(item, "=")
		if _, twice := words[word]; twice || !courierWord.MatchString(word) || meaning != ScanIgnored && !slices.Contains(courierScans(), meaning) {
			return errors.New("an item is not COURIER:word=state, or is there twice")
		}
		words[word] = meaning
	}
	p.CourierWords = words
	return nil
}
