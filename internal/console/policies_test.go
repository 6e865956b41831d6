package console_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
)

func TestConsole_ShowsEveryPolicyAndChangesOneWithAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Admin)
	b.get(h.at("/policies"))
	for _, s := range program.Settings() {
		b.shows(200, `/policies/`+s.Name+`">`)
	}
	b.get(h.at("/policies/history"))
	b.shows(200, "No policy was changed")

	tries := h.at("/policies/activation.lifetime_tries")
	b.get(tries)
	b.shows(200, `type="number" min="1" max="100" value="15"`, "a number from 1 to 100", "until it locks hard")
	b.hides("Back to the default")
	for what, wrong := range map[string]struct {
		fields []string
		says   string
	}{
		"no reason":   {[]string{"seen", "0", "value", "20"}, "Say why"},
		"no version":  {[]string{"value", "20", "reason", "x"}, "was not complete"},
		"out of them": {[]string{"seen", "0", "value", "101", "reason", "x"}, "does not take that value"},
		"an old page": {[]string{"seen", "7", "value", "20", "reason", "x"}, "Somebody changed a policy"},
	} {
		b.get(tries)
		b.post(tries, wrong.fields...)
		b.shows(200, wrong.says, "<dt>Value</dt><dd>15</dd>")
		if len(h.notes("program.set_policy")) != 0 {
			t.Errorf("%s: a policy was changed", what)
		}
	}
	b.get(tries)
	b.post(tries, "seen", b.hidden("seen"), "value", " 20 ", "reason", "holders call")
	b.shows(200, "has this value now", "<dt>Value</dt><dd>20</dd>", "Back to the default")
	h.world.Clock.Advance(time.Second)
	b.post(tries, "seen", b.hidden("seen"), "value", "30", "default", "1", "reason", "they do not")
	b.shows(200, "has this value now", "<dt>Value</dt><dd>15</dd>")
	if notes := h.notes("program.set_policy"); len(notes) != 2 || notes[1] != "activation.lifetime_tries: holders call" {
		t.Errorf("the trail says %q", notes)
	}
	b.get(h.at("/policies/history"))
	b.shows(200, "activation.lifetime_tries: 15 → 20", "holders call", "operator:admin.", ">console<")
	b.get(h.at("/policies/history?before=2"))
	b.shows(200, "15 → 20")
	b.hides("they do not")

	b.get(h.at("/policies/users.review"))
	b.shows(200, "<option selected>manual</option>", "<option>auto</option>")
	b.get(h.at("/policies/digital_first"))
	b.shows(200, "<option selected>true</option>")
	b.get(h.at("/policies/none.such"))
	b.shows(404, "There is no such policy.")
}
