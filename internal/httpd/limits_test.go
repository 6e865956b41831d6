package httpd

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/fault"
)

var sandboxDefault = Limits{{10, time.Second}, {150, time.Minute}, {10_000, 24 * time.Hour}}

func TestWindows_RefusesTheEleventhOfASecond(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := NewWindows(c.now)
	for i := range 10 {
		rep, ok := w.Admit("p", "default", sandboxDefault)
		if !ok || rep.Limit != 10 || rep.Remaining != 9-i || rep.Wait != 0 {
			t.Fatalf("request %d: %+v %v", i+1, rep, ok)
		}
	}
	rep, ok := w.Admit("p", "default", sandboxDefault)
	if ok || rep.Remaining != 0 || rep.Wait <= 0 || rep.Wait > time.Second+10*time.Millisecond {
		t.Fatalf("request 11: %+v %v", rep, ok)
	}
	if !rep.Reset.Equal(c.now().Add(rep.Wait)) || rep.ResetUnix() < c.now().Add(rep.Wait).Unix() {
		t.Fatalf("the reset does not agree with the wait: %+v", rep)
	}
	e := fault.Of(rep.Refusal())
	if e.Reason != RateLimited || e.RetryAfter != rep.Wait {
		t.Fatalf("refusal: %+v", e)
	}
	c.advance(rep.Wait - 1)
	if _, ok := w.Admit("p", "default", sandboxDefault); ok {
		t.Fatal("admitted before the wait was over")
	}
	c.advance(1)
	if _, ok := w.Admit("p", "default", sandboxDefault); !ok {
		t.Fatal("refused after the wait")
	}
}

func TestWindows_KeepsProgrammesAndTiersApart(t *testing.T) {
	t.Parallel()
	w := NewWindows(newClock().now)
	one := Limits{{1, time.Minute}}
	for _, k := range [][2]string{{"p", "default"}, {"p", "issuance"}, {"q", "default"}} {
		if _, ok := w.Admit(k[0], k[1], one); !ok {
			t.Errorf("%v: refused by another's requests", k)
		}
		if _, ok := w.Admit(k[0], k[1], one); ok {
			t.Errorf("%v: not counted", k)
		}
	}
	for range 1000 {
		if rep, ok := w.Admit("p", "default", nil); !ok || !rep.Unlimited {
			t.Fatal("unlimited is limited")
		}
	}
}

func TestWindows_ReportsTheWindowWithTheFewestLeft(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := NewWindows(c.now)
	limits := Limits{{5, time.Second}, {7, time.Minute}}
	for range 5 {
		w.Admit("p", "t", limits)
	}
	c.advance(2 * time.Second)
	rep, _ := w.Admit("p", "t", limits)
	if rep.Limit != 7 || rep.Remaining != 1 {
		t.Fatalf("%+v, want the minute with 1 left", rep)
	}
	w.Admit("p", "t", limits)
	rep, ok := w.Admit("p", "t", limits)
	if ok || rep.Limit != 7 || rep.Wait < 55*time.Second || rep.Wait > 61*time.Second {
		t.Fatalf("%+v %v, want to wait for the minute", rep, ok)
	}
	if got := sandboxDefault.Policy(); got != "10;w=1, 150;w=60, 10000;w=86400" {
		t.Fatalf("policy %q", got)
	}
}

func TestWindows_FollowsASettingThatChanges(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := NewWindows(c.now)
	for range 3 {
		w.Admit("p", "t", Limits{{3, time.Minute}})
	}
	if rep, ok := w.Admit("p", "t", Limits{{5, time.Minute}}); !ok || rep.Remaining != 1 {
		t.Fatalf("a raised limit: %+v %v", rep, ok)
	}
	if _, ok := w.Admit("p", "t", Limits{{2, time.Minute}}); ok {
		t.Fatal("a lowered limit is not obeyed")
	}
	if rep, ok := w.Admit("p", "t", Limits{{9, time.Second}, {9, time.Minute}}); !ok || rep.Remaining != 4 {
		t.Fatalf("a new span lost the count of the old one: %+v %v", rep, ok)
	}
	if _, ok := w.Admit("p", "t", Limits{{0, time.Second}}); ok {
		t.Fatal("a limit of zero admits")
	}
}

// The promise of rolling windows, against a log of every admitted request.
func TestWindows_NeverAdmitMoreThanTheLimitInAnySpan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		w := NewWindows(c.now)
		limits := Limits{
			{rapid.IntRange(1, 6).Draw(t, "second"), time.Second},
			{rapid.IntRange(1, 20).Draw(t, "minute"), time.Minute},
		}
		var admitted []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			c.advance(time.Duration(rapid.Int64Range(0, int64(4*time.Second)).Draw(t, "pause")))
			now := c.now()
			rep, ok := w.Admit("p", "t", limits)
			full, nearlyFull := false, false
			for _, l := range limits {
				late := l.Per + 2*l.Per/slotsPerWindow
				full = full || within(admitted, now, l.Per) >= l.Requests
				nearlyFull = nearlyFull || within(admitted, now, late) >= l.Requests
			}
			if ok && full {
				t.Fatalf("admitted into a full window at %s", now)
			}
			if !ok && !nearlyFull {
				t.Fatalf("refused at %s although there was room for more than 2/240 of the window", now)
			}
			if ok {
				admitted = append(admitted, now)
			} else if rep.Wait <= 0 {
				t.Fatal("refused without a wait")
			}
		}
	})
}

func within(at []time.Time, now time.Time, span time.Duration) int {
	n := 0
	for _, a := range at {
		if now.Sub(a) < span {
			n++
		}
	}
	return n
}

func TestWindows_ForgetsThoseThatAreQuiet(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := NewWindows(c.now)
	limits := Limits{{100, time.Second}}
	for i := range 5000 {
		w.Admit(fmt.Sprint("p", i), "t", limits)
	}
	c.advance(2 * time.Minute)
	for i := range 5000 {
		w.Admit(fmt.Sprint("q", i), "t", limits)
	}
	if n := w.entries.size(); n != 5000 {
		t.Fatalf("%d entries, want only those of the last second", n)
	}
}

func TestWindow_HoldsFewNumbersHoweverMuchHappens(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := window{span: time.Second}
	for range 100_000 {
		w.forget(c.now())
		w.count(c.now())
		c.advance(50 * time.Microsecond)
	}
	if len(w.slices) > slotsPerWindow+1 {
		t.Fatalf("%d slices", len(w.slices))
	}
	c.advance(-time.Hour)
	w.count(c.now())
	if got := w.slices[len(w.slices)-1]; got.count == 0 || len(w.slices) > slotsPerWindow+1 {
		t.Fatalf("a clock set back broke the window: %+v", got)
	}
}

func TestWindows_CountEveryCallerOnce(t *testing.T) {
	t.Parallel()
	w := NewWindows(newClock().now)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if _, ok := w.Admit("p", "t", Limits{{333, time.Minute}}); ok {
					admitted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 333 {
		t.Fatalf("%d admitted, want 333", admitted.Load())
	}
}

func TestBuckets_GiveABurstAndThenTheRate(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := NewBuckets(c.now, 1000)
	r := Rate{PerSecond: 50, Burst: 100}
	for i := range 100 {
		if _, ok := b.Take("k", r); !ok {
			t.Fatalf("token %d is missing", i+1)
		}
	}
	wait, ok := b.Take("k", r)
	if ok || wait != 20*time.Millisecond {
		t.Fatalf("101st: %s %v", wait, ok)
	}
	if again, _ := b.Take("k", r); again != wait {
		t.Fatalf("a refused request took a token: %s", again)
	}
	if _, ok := b.Take("other", r); !ok {
		t.Fatal("keys share a bucket")
	}
	c.advance(wait)
	if _, ok := b.Take("k", r); !ok {
		t.Fatal("refused after the wait")
	}
	if _, ok := b.Take("k", Rate{}); !ok {
		t.Fatal("no rate is a limit")
	}
	if _, ok := b.Take("k", Rate{PerSecond: 1, Burst: 1}); ok {
		t.Fatal("a lowered rate is not obeyed")
	}
}

func TestBuckets_AreBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := NewBuckets(c.now, 640)
	for i := range 10_000 {
		b.Take(fmt.Sprint(i), Rate{PerSecond: 1, Burst: 10})
	}
	if n := b.entries.size(); n > 640 {
		t.Fatalf("%d buckets, want at most 640", n)
	}
}

func TestBuckets_ForgetThoseThatAreFullAgain(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := NewBuckets(c.now, 1<<20)
	for i := range 5000 {
		b.Take(fmt.Sprint("old", i), Rate{PerSecond: 1, Burst: 10})
	}
	c.advance(2 * time.Minute)
	for i := range 5000 {
		b.Take(fmt.Sprint("new", i), Rate{PerSecond: 1, Burst: 10})
	}
	if n := b.entries.size(); n != 5000 {
		t.Fatalf("%d buckets, want only the new ones", n)
	}
}

func TestFailures_BlockAnAddressAfterMoreThanTwenty(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := NewFailures(c.now, Limit{20, time.Minute}, time.Minute)
	bad, good := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.10")
	for i := range 20 {
		f.Failed(bad)
		if err := f.Check(bad); err != nil {
			t.Fatalf("blocked after %d failures: %v", i+1, err)
		}
	}
	f.Failed(bad)
	err := f.Check(bad)
	if !errors.Is(err, AddressBlocked) || fault.Of(err).RetryAfter != time.Minute {
		t.Fatalf("after 21 failures: %v", err)
	}
	if err := f.Check(good); err != nil {
		t.Fatalf("another address: %v", err)
	}
	c.advance(30 * time.Second)
	f.Failed(bad) // while blocked: neither counted nor prolonging
	if got := fault.Of(f.Check(bad)).RetryAfter; got != 30*time.Second {
		t.Fatalf("left after half a minute: %s", got)
	}
	c.advance(30 * time.Second)
	if err := f.Check(bad); err != nil {
		t.Fatalf("still blocked after a minute: %v", err)
	}
	f.Failed(bad)
	if err := f.Check(bad); err != nil {
		t.Fatalf("one failure after the block: %v", err)
	}
}

func TestFailures_AddressesAreBounded(t *testing.T) {
	t.Parallel()
	f := NewFailures(newClock().now, Limit{1, time.Minute}, time.Minute)
	a := netip.MustParseAddr("2001:db8::")
	for range mostAddresses + 5000 {
		f.Failed(a)
		a = a.Next()
	}
	if n := f.entries.size(); n > mostAddresses {
		t.Fatalf("%d addresses remembered", n)
	}
}

func TestReasons_AreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if seen[r.Name()] {
			t.Errorf("%s appears twice", r.Name())
		}
		seen[r.Name()] = true
	}
}
