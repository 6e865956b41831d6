package approval_test

import (
	"errors"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
)

var noon = time.Date(2027, 3, 6, 12, 0, 0, 0, time.UTC)

func asked(change ...func(*approval.Approval)) approval.Approval {
	a := approval.Approval{
		Action: approval.GuardReset, Digest: []byte{1}, AskedBy: "key:a", Stored: approval.Pending, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func is(s approval.Status) func(*approval.Approval) {
	return func(a *approval.Approval) { a.Stored = s }
}

func bulk(a *approval.Approval) { a.Action = approval.BulkActivation }

// TestDecide_EveryStatus is the table of who may say what, and when.
func TestDecide_EveryStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		a    approval.Approval
		by   string
		at   time.Time
		want error
	}{
		{"pending, by another", asked(), "key:b", noon, nil},
		{"pending, by who asked", asked(), "key:a", noon, approval.Own},
		{"pending, at its end", asked(), "key:b", noon.Add(time.Hour), approval.Over},
		{"ran out, by who asked", asked(), "key:a", noon.Add(time.Hour), approval.Over},
		{"approved", asked(is(approval.Approved)), "key:b", noon, approval.Over},
		{"refused", asked(is(approval.Refused)), "key:b", noon, approval.Over},
		{"used", asked(is(approval.Used)), "key:b", noon, approval.Over},
	} {
		for _, yes := range []bool{true, false} {
			got, err := tt.a.Decide(yes, tt.by, "fine", tt.at)
			want := map[bool]approval.Status{true: approval.Approved, false: approval.Refused}[yes]
			switch {
			case tt.want == nil && (err != nil || got.Status(tt.at) != want || got.DecidedBy != tt.by || got.Note != "fine" || !got.DecidedAt.Equal(tt.at)):
				t.Errorf("%s, %v: %+v, %v", tt.name, yes, got, err)
			case tt.want != nil && (!errors.Is(err, tt.want) || got.Stored != tt.a.Stored):
				t.Errorf("%s, %v: %+v, %v", tt.name, yes, got, err)
			}
		}
	}
}

// TestUse_EveryStatus is the table of what a yes serves.
func TestUse_EveryStatus(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	for _, tt := range []struct {
		name   string
		a      approval.Approval
		action approval.Action
		digest byte
		at     time.Time
		want   error
	}{
		{"approved", asked(is(approval.Approved)), approval.GuardReset, 1, noon, nil},
		{"approved, another request", asked(is(approval.Approved)), approval.GuardReset, 2, noon, approval.Mismatch},
		{"approved, another action", asked(is(approval.Approved)), approval.CodeRecovery, 1, noon, approval.Mismatch},
		{"approved, at its end", asked(is(approval.Approved)), approval.GuardReset, 1, later, approval.Over},
		{"pending", asked(), approval.GuardReset, 1, noon, approval.Needed},
		{"pending, another request", asked(), approval.GuardReset, 2, noon, approval.Mismatch},
		{"refused", asked(is(approval.Refused)), approval.GuardReset, 1, noon, approval.Over},
		{"used", asked(is(approval.Used)), approval.GuardReset, 1, noon, approval.Over},
		{"used, of many", asked(is(approval.Used), bulk), approval.BulkActivation, 1, noon, nil},
		{"used, of many, at its end", asked(is(approval.Used), bulk), approval.BulkActivation, 1, later, approval.Over},
	} {
		got, err := tt.a.Use(tt.action, []byte{tt.digest}, tt.at)
		switch {
		case tt.want == nil && (err != nil || got.Stored != approval.Used):
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		case tt.want != nil && (!errors.Is(err, tt.want) || got.Stored != tt.a.Stored):
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}
