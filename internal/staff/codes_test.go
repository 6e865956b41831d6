package staff

import (
	"testing"
	"time"
)

// The last six digits of the eight in RFC 6238, appendix B, for SHA-1.
func TestCodeAt_GivesWhatTheStandardSays(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := codeAt(secret, stepAt(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestTakesCode_OneStepOffAndNeverTwice(t *testing.T) {
	t.Parallel()
	secret, now := []byte("12345678901234567890"), time.Unix(1234567890, 0)
	here := stepAt(now)
	for off := int64(-3); off <= 3; off++ {
		step, ok := takesCode(secret, 0, codeAt(secret, here+off), now)
		if want := off >= -1 && off <= 1; ok != want || want && step != here+off {
			t.Errorf("a code %d steps off: %v, step %d", off, ok, step)
		}
	}
	for _, last := range []int64{here, here + 1} {
		if _, ok := takesCode(secret, last, codeAt(secret, here), now); ok {
			t.Errorf("a code of step %d is taken after step %d", here, last)
		}
	}
	for _, typed := range []string{"", "00592", "0059244"} {
		if _, ok := takesCode(secret, 0, typed, now); ok {
			t.Errorf("%q is taken", typed)
		}
	}
}

func TestRole_EachMayWhatThoseBeforeItMay(t *testing.T) {
	t.Parallel()
	for ability, from := range least {
		for i, role := range Roles() {
			if want := i >= rank(from); role.May(ability) != want {
				t.Errorf("%s %s: %v, want %v", role, ability, !want, want)
			}
		}
		if Role("root").May(ability) {
			t.Errorf("a role that is none may %s", ability)
		}
	}
	if Admin.May("everything") {
		t.Error("an ability that is none is given")
	}
}
