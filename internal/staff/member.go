package staff

import (
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// Member is a person who signs in to the console.
type Member struct {
	ID           ident.UserID
	Program      ident.ProgramID // zero: every programme of the installation
	Name         string          // of the sign-in, unique in the installation; audit rows show it
	Role         Role
	Password     redact.Text // its slow hash
	CodeSeed     []byte      // the secret of the one-time codes is made from it; nil: none was asked for
	CodesOn      bool        // a sign-in needs a one-time code
	LastStep     int64       // step of the one-time code that was taken last: none is taken twice
	WrongTries   int         // in a row
	LockedUntil  time.Time
	SessionsFrom time.Time // sessions that began before are over
	DisabledAt   time.Time // zero: may sign in
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Version      int64
}

// Sees reports whether the programme is one of those that the member works for.
func (m Member) Sees(p ident.ProgramID) bool { return m.Program.IsZero() || m.Program == p }

// Actor is the member as audit rows show it.
func (m Member) Actor() string { return "operator:" + m.Name }

// Session is a browser that signed in.
type Session struct {
	Hash      []byte // keyed, of the token in its cookie
	Member    ident.UserID
	CreatedAt time.Time
	SeenAt    time.Time // of its last request, to the minute
	EndedAt   time.Time // zero: it goes on
	Version   int64
}

// How long a session lasts.
const (
	SessionIdle = 30 * time.Minute
	SessionMost = 12 * time.Hour
)

// over reports whether the session has ended, or would not begin again for this member.
func (s Session) over(m Member, now time.Time) bool {
	return !s.EndedAt.IsZero() || !now.Before(s.SeenAt.Add(SessionIdle)) || !now.Before(s.CreatedAt.Add(SessionMost)) ||
		!m.DisabledAt.IsZero() || s.CreatedAt.Before(m.SessionsFrom)
}

// Role is how much a member may do. Each role may do what those before it may.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"
	Operator Role = "operator"
	Approver Role = "approver"
	Admin    Role = "admin"
)

// Roles lists the roles, the least first.
func Roles() []Role { return []Role{Viewer, Operator, Approver, Admin} }

// Ability is something that a member may ask for.
type Ability string

// The abilities.
const (
	Look         Ability = "look"          // every page, with what names a person masked
	SeePersons   Ability = "see_persons"   // names, e-mails and phones in clear
	ChangeCard   Ability = "change_card"   // freeze, block, report, replace, reissue, renew, and what undoes it
	OrderCards   Ability = "order_cards"   // in bulk
	KeepWebhooks Ability = "keep_webhooks" // pause, test and retry them
	PlaySandbox  Ability = "play_sandbox"  // clock, parcels and scenarios of a sandbox programme
	ResetGuard   Ability = "reset_guard"   // give a guard its tries back
	Decide       Ability = "decide"        // say yes or no to what another member or key asked for
	KeepStaff    Ability = "keep_staff"    // other members
	KeepKeys     Ability = "keep_keys"     // issue API keys, change, replace and revoke them
	KeepPolicies Ability = "keep_policies" // change the policies of a programme
)

// least is the whole table: each ability with the least role that has it.
var least = map[Ability]Role{
	Look: Viewer, SeePersons: Operator, ChangeCard: Operator, OrderCards: Operator, KeepWebhooks: Operator, PlaySandbox: Operator,
	ResetGuard: Approver, Decide: Approver, KeepStaff: Admin, KeepKeys: Admin, KeepPolicies: Admin,
}

// May reports whether the role has the ability.
func (r Role) May(a Ability) bool {
	need, known := least[a]
	return known && rank(r) >= rank(need)
}

func rank(r Role) int {
	for i, role := range Roles() {
		if r == role {
			return i
		}
	}
	return -1
}

const (
	mostName      = 64
	leastPassword = 12
	mostPassword  = 200
)

// parseName puts the name of a sign-in into the form in which it is kept: lower case, letters, digits and . _ - @.
func parseName(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-@", r)
	}
	return s, s != "" && len(s) <= mostName && !strings.ContainsFunc(s, bad)
}

// The reasons of this room.
var (
	SignInRefused  = fault.New("sign_in_refused", fault.Unauthenticated) // wrong, unknown, disabled, locked: nobody is told which
	SessionOver    = fault.New("session_over", fault.Unauthenticated)    // ended, idle or too old, or never there
	NotAllowed     = fault.New("role_not_enough", fault.Forbidden)       // Detail: Ability
	MemberInvalid  = fault.New("member_invalid", fault.Invalid)          // name or role
	MemberTaken    = fault.New("member_taken", fault.Conflict)
	MemberUnknown  = fault.New("member_not_found", fault.NotFound)
	LastAdmin      = fault.New("member_last_admin", fault.Refused) // nobody would keep the others
	PasswordWeak   = fault.New("password_too_short", fault.Invalid)
	PasswordWrong  = fault.New("password_wrong", fault.Refused)
	CodeWrong      = fault.New("one_time_code_wrong", fault.Refused)
	CodesOnAlready = fault.New("one_time_codes_on", fault.Conflict)
)

// Reasons lists the reasons that somebody at the console may meet.
func Reasons() []fault.Reason {
	return []fault.Reason{SignInRefused, SessionOver, NotAllowed, MemberInvalid, MemberTaken, MemberUnknown, LastAdmin, PasswordWeak, PasswordWrong, CodeWrong, CodesOnAlready}
}
