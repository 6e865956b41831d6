package program_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/program"
)

func TestCourierScans_WordsAreExplainedOnce(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"DHL:OK=delivered,FEDEX:OK=in_transit": true, "DHL:OK=ignored": true, "DHL:delivered=returned": true,
		"DHL:OK": false, "UPS:OK=delivered": false, "DHL:OK=canceled": false, "DHL:OK=delivered,DHL:OK=lost": false, "DHL:=lost": false, "DHL:O K=lost": false,
	} {
		if _, err := program.ParsePolicy(program.Sandbox, map[string]string{"couriers.scans": value}); (err == nil) != good {
			t.Errorf("%s: %v", value, err)
		}
	}
	p, err := program.ParsePolicy(program.Sandbox, map[string]string{"couriers.scans": "DHL:OK=delivered,DHL:lost=exception"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		courier, word, meaning string
		ok                     bool
	}{
		{"DHL", "OK", "delivered", true}, {"FEDEX", "OK", "OK", false}, {"DHL", "lost", "exception", true}, {"FEDEX", "lost", "lost", true}, {"DHL", "canceled", "canceled", false},
	} {
		if got, ok := p.CourierScan(c.courier, c.word); ok != c.ok || ok && got != c.meaning {
			t.Errorf("%s says %s: %q %v", c.courier, c.word, got, ok)
		}
	}
}
