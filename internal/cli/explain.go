package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"syscall"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
)

// words gives the sentence for each refusal that a command may meet: what is wrong, and what to do.
var words = map[fault.Reason]string{
	access.ProgramUnknown:     "there is no such programme; `firsttap program list` shows those that exist",
	access.ProgramSuspended:   "the programme is suspended; `firsttap program resume` opens it again",
	access.ProgramNameInvalid: "a name of a programme has 1 to 100 characters that print",
	access.ProgramNameTaken:   "a programme of that name exists already; choose another name",
	access.ProgramKindInvalid: "a programme is sandbox or live; give --kind",
	access.PolicyInvalid:      "these policies are not right (docs/policies.md lists all of them)",
	access.ClockOfSandboxOnly: "only a sandbox programme has a clock of its own; a live one has real time",
	access.ClockInvalid:       "the clock was not changed",
	access.KeyRequestInvalid:  "a key has a name of 1 to 100 characters and at most 50 allowed addresses",
	access.KeyLimit:           "the programme has as many keys of that sort as it may have; revoke one first",
	access.KeyUnknown:         "there is no such key; `firsttap key list` shows the ids",
	access.KeyRevokedAlready:  "that key was revoked before",
	access.UserInvalid:        "a user has an e-mail address and the role admin or reader",
	access.UserTaken:          "a user with this e-mail exists already, here or in another programme",
	access.UserUnknown:        "there is no such user; `firsttap debit user list` shows those that exist",
	staff.MemberInvalid:       "a name has 1 to 64 letters, digits and . _ - @; the roles are viewer, operator, approver and admin",
	staff.MemberTaken:         "somebody has this name already; choose another",
	staff.MemberUnknown:       "there is no such member of the staff; `firsttap console user list` shows all",
	issuance.LiveProgram:      "only a sandbox programme takes fixtures and scenarios",
	issuance.SimulationState:  "the programme has things with these numbers already; load the fixture into a new one",
	scenario.Invalid:          "the scenario is not right (docs/sandbox.md has its verbs)",
	scenario.SeedUsed:         "this scenario was played with this seed in the programme before; choose another --seed",
	card.NotFound:             "there is no such card in this programme",
	card.RevealForbidden:      "the code of a live programme's card is on its mailer and nowhere else",
	card.CodeUnavailable:      "the card has no code, or was activated with it",
	customer.NotFound:         "there is no such customer in this programme; `firsttap customer list` shows the newest",
	card.DesignNotFound:       "there is no such design in this programme; `firsttap design list` shows those that exist",
	card.DesignNotUsable:      "the design is retired; `firsttap design restore` lets new cards have it again",
	card.DesignInvalid:        "such a design cannot be",
	card.CampaignTaken:        "another design of the programme has this campaign; choose another",
	issuance.EndpointNotFound: "there is no such webhook in this programme; `firsttap webhook list` shows them",
	issuance.EndpointDisabled: "the webhook is disabled, for good; make a new one",
	issuance.DeliveryNotFound: "there is no such delivery of this webhook; `firsttap webhook deliveries` lists them",
	batch.NotFound:            "there is no such batch in this programme",
	batch.NotCancelable:       "a worker has the batch already, or it has ended",
	shipment.NotStarted:       "the batch has no box yet; its worker places it with the first card",
	fault.ReasonUnavailable:   "the database cannot be reached now; is another process holding it, is the disk full?",
}

// explain puts an error into a sentence for people.
func explain(err error) string {
	if refused, ok := errors.AsType[*client.Problem](err); ok {
		return strings.Replace(err.Error(), refused.Error(), problemText(refused), 1)
	}
	e := &fault.Error{}
	if !errors.As(err, &e) {
		return plainError(err)
	}
	text, ok := words[e.Reason]
	if !ok {
		return plainError(err)
	}
	switch d := e.Detail.(type) {
	case []string:
		text += ":\n  " + strings.Join(d, "\n  ")
	case string:
		text += ": " + d
	case int:
		text += fmt.Sprintf(" (at most %d)", d)
	}
	if e.Cause != nil {
		text += "\n  " + e.Cause.Error()
	}
	return text
}

// plainError adds what to do about the failures of a machine that are met most.
func plainError(err error) string {
	text := strings.TrimPrefix(err.Error(), "firsttap: ") // the client says so too
	switch {
	case errors.Is(err, app.ErrNoDatabase):
		text += "\n  start the server once, create a programme, or say where the data is with --database"
	case errors.Is(err, syscall.EADDRINUSE):
		text += "\n  another process listens there; stop it, or choose another address with --listen or --admin-listen"
	case errors.Is(err, os.ErrPermission):
		text += "\n  the user who runs this command may not do that"
	case errors.Is(err, syscall.ENOSPC):
		text += "\n  the disk is full"
	}
	return text
}

// operator is who acts: as given, else the user of this terminal.
func (o where) operator() access.Operator {
	name := o.Operator
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	if name == "" {
		name = "unknown"
	}
	return access.Operator{Name: name, Channel: audit.ChannelCLI}
}
