package transaction_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/transaction"
)

var at = time.Date(2026, 3, 6, 17, 40, 0, 0, time.UTC)

func step(kind transaction.StepType, billed, original int64) transaction.Step {
	return transaction.Step{ID: ident.UUID{1}, Type: kind, Amount: transaction.Amount{Billed: billed, Original: original}, At: at, CreatedAt: at}
}

// in gives a transaction of 100 in a state; "" is one that does not exist yet.
func in(t *testing.T, s transaction.Status) transaction.Transaction {
	t.Helper()
	x := transaction.Transaction{Currency: "USD", Original: "USD"}
	for _, kind := range map[transaction.Status][]transaction.StepType{
		"": {}, transaction.Pending: {transaction.Authorization}, transaction.Cleared: {transaction.Authorization, transaction.Clearing},
		transaction.Void: {transaction.Authorization, transaction.Reversal}, transaction.Declined: {transaction.Decline},
	}[s] {
		var err error
		if x, err = x.Take(step(kind, 100, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if x.Status != s {
		t.Fatalf("made %q, want %q", x.Status, s)
	}
	return x
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	s, _ := fault.Of(err).Detail.(string)
	return s
}

// TestTake_EveryStatusAgainstEveryStep is the whole table.
func TestTake_EveryStatusAgainstEveryStep(t *testing.T) {
	t.Parallel()
	const notPending, notCleared, none = "NOT_PENDING", "NOT_CLEARED", "NO_TRANSACTION"
	want := map[transaction.Status]map[transaction.StepType]string{
		"":         {"AUTHORIZATION": "PENDING", "CLEARING": "CLEARED", "REVERSAL": none, "REFUND": "CLEARED", "DECLINE": "DECLINED"},
		"PENDING":  {"AUTHORIZATION": "PENDING", "CLEARING": "CLEARED", "REVERSAL": "VOID", "REFUND": notCleared, "DECLINE": "PENDING"},
		"CLEARED":  {"AUTHORIZATION": notPending, "CLEARING": notPending, "REVERSAL": notPending, "REFUND": "CLEARED", "DECLINE": notPending},
		"VOID":     {"AUTHORIZATION": notPending, "CLEARING": notPending, "REVERSAL": notPending, "REFUND": notCleared, "DECLINE": notPending},
		"DECLINED": {"AUTHORIZATION": notPending, "CLEARING": notPending, "REVERSAL": notPending, "REFUND": notCleared, "DECLINE": notPending},
	}
	for _, s := range append(transaction.Statuses(), "") {
		for _, kind := range transaction.StepTypes() {
			before := in(t, s)
			after, err := before.Take(step(kind, 100, 100))
			got := string(after.Status)
			if err != nil {
				got = detail(err)
				if after.Status != s || len(after.Steps) != len(before.Steps) {
					t.Errorf("%s %s: a refusal changed it", s, kind)
				}
			} else if len(after.Steps) != len(before.Steps)+1 || len(before.Steps) != len(in(t, s).Steps) {
				t.Errorf("%s %s: %d steps", s, kind, len(after.Steps))
			}
			if got != want[s][kind] {
				t.Errorf("%s %s gives %s, want %s", s, kind, got, want[s][kind])
			}
		}
	}
}

func TestTake_Amounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from    transaction.Status
		steps   []transaction.Step
		want    transaction.Status
		refused string
		current int64
		held    int64
	}{
		"a check of the card":       {"", []transaction.Step{step("AUTHORIZATION", 0, 0)}, "VOID", "", 0, 0},
		"more is authorised":        {"PENDING", []transaction.Step{step("AUTHORIZATION", 50, 50)}, "PENDING", "", 150, 150},
		"part is reversed":          {"PENDING", []transaction.Step{step("REVERSAL", 40, 40)}, "PENDING", "", 60, 60},
		"the rest is reversed":      {"PENDING", []transaction.Step{step("REVERSAL", 40, 40), step("REVERSAL", 60, 60)}, "VOID", "", 0, 0},
		"too much is reversed":      {"PENDING", []transaction.Step{step("REVERSAL", 101, 100)}, "PENDING", "AMOUNT_TOO_LARGE", 100, 100},
		"too much original":         {"PENDING", []transaction.Step{step("REVERSAL", 100, 101)}, "PENDING", "AMOUNT_TOO_LARGE", 100, 100},
		"less is cleared":           {"PENDING", []transaction.Step{step("CLEARING", 80, 80)}, "CLEARED", "", 80, 0},
		"more is cleared":           {"PENDING", []transaction.Step{step("CLEARING", 180, 180)}, "CLEARED", "", 180, 0},
		"part is refunded":          {"CLEARED", []transaction.Step{step("REFUND", 30, 30)}, "CLEARED", "", 70, 0},
		"twice the half":            {"CLEARED", []transaction.Step{step("REFUND", 50, 50), step("REFUND", 50, 50)}, "CLEARED", "", 0, 0},
		"too much is refunded":      {"CLEARED", []transaction.Step{step("REFUND", 50, 50), step("REFUND", 51, 51)}, "CLEARED", "AMOUNT_TOO_LARGE", 50, 0},
		"a refund without purchase": {"", []transaction.Step{step("REFUND", 30, 30)}, "CLEARED", "", -30, 0},
		"a decline holds nothing":   {"", []transaction.Step{step("DECLINE", 30, 30)}, "DECLINED", "", 0, 0},
		"a decline of more":         {"PENDING", []transaction.Step{step("DECLINE", 900, 900)}, "PENDING", "", 100, 100},
	} {
		x := in(t, c.from)
		var err error
		for _, s := range c.steps {
			if x, err = x.Take(s); err != nil {
				break
			}
		}
		if x.Status != c.want || detail(err) != c.refused || x.Current().Billed != c.current || x.Held() != c.held {
			t.Errorf("%s: %s, %q, current %d, held %d", name, x.Status, detail(err), x.Current().Billed, x.Held())
		}
	}
}

func TestTake_StepsAreBounded(t *testing.T) {
	t.Parallel()
	x := in(t, transaction.Pending)
	for range transaction.MaxSteps - 1 {
		var err error
		if x, err = x.Take(step("AUTHORIZATION", 1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Take(step("CLEARING", 1, 1)); detail(err) != "TOO_MANY_EVENTS" {
		t.Errorf("one step too many: %v", err)
	}
}

func TestConverted_FollowsTheRateAndLeavesNoRest(t *testing.T) {
	t.Parallel()
	x := transaction.Transaction{Currency: "USD", Original: "EUR"}
	x, err := x.Take(step("AUTHORIZATION", 1000, 909))
	if err != nil {
		t.Fatal(err)
	}
	for billed, want := range map[int64]int64{1: 1, 500: 455, 999: 908, 1000: 909, 2000: 1818} {
		if got := x.Converted(billed); got != (transaction.Amount{Billed: billed, Original: want}) {
			t.Errorf("%d converts to %+v, want %d", billed, got, want)
		}
	}
	x, err = x.Take(transaction.Step{Type: "REVERSAL", Amount: x.Converted(333)})
	if err != nil {
		t.Fatal(err)
	}
	if x, err = x.Take(transaction.Step{Type: "REVERSAL", Amount: x.Converted(667)}); err != nil || x.Status != transaction.Void || x.Current().Original != 0 {
		t.Errorf("all of it in two parts: %s, %+v, %v", x.Status, x.Current(), err)
	}
	dear := transaction.Transaction{Currency: "USD", Original: "KWD"}
	if dear, err = dear.Take(step("AUTHORIZATION", 1, transaction.MaxOriginal)); err != nil || dear.Converted(1<<40).Original != transaction.MaxOriginal {
		t.Errorf("beyond all money: %+v, %v", dear.Converted(1<<40), err)
	}
	same := in(t, transaction.Pending)
	if got := same.Converted(7); got != (transaction.Amount{Billed: 7, Original: 7}) {
		t.Errorf("one currency: %+v", got)
	}
}

func TestChallenge_FirstAnswerAndFiveMinutes(t *testing.T) {
	t.Parallel()
	fresh := transaction.Challenge{Answer: transaction.ChallengePending, ExpiresAt: at.Add(transaction.ChallengeLife)}
	last := at.Add(transaction.ChallengeLife - time.Microsecond)
	for _, approve := range []bool{true, false} {
		want := map[bool]transaction.ChallengeStatus{true: "APPROVED", false: "REJECTED"}[approve]
		c, err := fresh.Respond(approve, last)
		if err != nil || c.Status(at.Add(time.Hour)) != want || !c.AnsweredAt.Equal(last) {
			t.Errorf("answer %v: %+v, %v", approve, c, err)
		}
		for _, again := range []bool{true, false} {
			if _, err := c.Respond(again, last); fault.Of(err).Reason != transaction.ChallengeNotPending || fault.Of(err).Detail != want {
				t.Errorf("a second answer: %v", err)
			}
		}
	}
	if fresh.Status(last) != transaction.ChallengePending || fresh.Status(fresh.ExpiresAt) != transaction.ChallengeExpired {
		t.Error("it does not expire to the microsecond")
	}
	if _, err := fresh.Respond(true, fresh.ExpiresAt); fault.Of(err).Detail != transaction.ChallengeExpired {
		t.Errorf("an answer too late: %v", err)
	}
}
