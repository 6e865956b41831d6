package app_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/cardsapi"
	"github.com/firsttap/firsttap/internal/debitapi"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/nativeapi"
)

var update = flag.Bool("update", false, "rewrite the page that is made from the tables")

// kinds are the parts of the page of errors, with what helps where a reason has no advice of its own.
var kinds = []struct {
	kind        fault.Kind
	title, what string
}{
	{fault.Invalid, "The request does not have its form", "Correct what the answer names."},
	{fault.Unauthenticated, "Nobody knows who calls", "Send a key or token that is good."},
	{fault.Forbidden, "The caller may not do this", "Ask the operator whether this may be allowed."},
	{fault.NotFound, "It is not there", "Check the id, and that the key belongs to the programme."},
	{fault.Conflict, "It clashes with what is there", "Look at what is there before you try again."},
	{fault.Refused, "The state of things says no", "Read the resource again: its state does not allow this now."},
	{fault.Throttled, "Too much, too soon", "Wait as long as Retry-After says."},
	{fault.Unavailable, "It passes", "Try again after Retry-After, with the same idempotency key."},
	{fault.Internal, "It broke", "Try again, with the same idempotency key. If it stays, tell the operator the request id."},
}

// toldBy is how each door tells one reason.
type toldBy struct {
	reason               fault.Reason
	native, cards, debit httpd.Told
}

func everyReason() []*toldBy {
	all := map[fault.Reason]*toldBy{}
	for door, answers := range [][]httpd.Told{nativeapi.Answers(), cardsapi.Answers(), debitapi.Answers()} {
		for _, a := range answers {
			if all[a.Reason] == nil {
				all[a.Reason] = &toldBy{reason: a.Reason}
			}
			r := all[a.Reason]
			*[]*httpd.Told{&r.native, &r.cards, &r.debit}[door] = a
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *toldBy) int { return strings.Compare(a.reason.Name(), b.reason.Name()) })
}

// errorsPage is docs/guides/errors.md, made from the answer tables of the three doors.
func errorsPage() string {
	var b strings.Builder
	b.WriteString(`# Errors

Every refusal has a reason. Each API tells it in its own words, and what to do is the same in all of them. The native API names the reason itself
(` + "`reason`" + `, and ` + "`type`" + ` is its page); the cards API has ` + "`error.code`" + `, the debit API ` + "`error.code`" + ` as a number.

Try again, with the same idempotency key, what answered 429 or 5xx. Never try again as it was what answered otherwise.

This page is made from the tables of answers; a test compares them.
`)
	all := everyReason()
	writeCodes(&b, "cards", all, func(r *toldBy) httpd.Told { return r.cards })
	writeCodes(&b, "debit", all, func(r *toldBy) httpd.Told { return r.debit })
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n", k.title)
		for _, r := range all {
			if r.reason.Kind() == k.kind {
				detail := cmp.Or(r.native.Detail, r.cards.Detail, r.debit.Detail)
				fmt.Fprintf(&b, "\n### %s\n\n%s **Do:** %s\n\n%s\n", r.reason.Name(), sentence(detail), cmp.Or(r.native.Action, k.what), r.codes())
			}
		}
	}
	return b.String()
}

// writeCodes leads from the codes of a door to the reasons.
func writeCodes(b *strings.Builder, door string, all []*toldBy, of func(*toldBy) httpd.Told) {
	reasons := map[string][]string{}
	for _, r := range all {
		if told := of(r); told.Status != 0 {
			reasons[told.Code] = append(reasons[told.Code], fmt.Sprintf("[%s](#%s)", r.reason.Name(), r.reason.Name()))
		}
	}
	fmt.Fprintf(b, "\n## By the code of the %s API\n\n| code | reasons |\n|---|---|\n", door)
	for _, code := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(b, "| `%s` | %s |\n", code, strings.Join(reasons[code], ", "))
	}
}

func (r *toldBy) codes() string {
	var doors []string
	for _, d := range []struct {
		name string
		told httpd.Told
	}{{"native", r.native}, {"cards", r.cards}, {"debit", r.debit}} {
		if d.told.Status != 0 {
			doors = append(doors, fmt.Sprintf("%s API %d `%s`", d.name, d.told.Status, d.told.Code))
		}
	}
	return strings.Join(doors, " · ")
}

func sentence(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

func TestDocs_ErrorsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	const path = "../../docs/guides/errors.md"
	if *update {
		if err := os.WriteFile(path, []byte(errorsPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != errorsPage() {
		t.Error("docs/guides/errors.md is not what the tables say; run go test ./internal/app -run TestDocs -update")
	}
	for _, r := range everyReason() {
		if !strings.Contains(string(page), "\n### "+r.reason.Name()+"\n") {
			t.Errorf("%s, a %s, has no place on the page", r.reason.Name(), r.reason.Kind())
		}
	}
}
