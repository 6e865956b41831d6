package storetest

import (
	"encoding/base32"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/staff"
)

// StaffOn is the real rules of the staff over a handle on the world's database.
func (w *World) StaffOn(on Store) *staff.Service {
	return staff.New(staff.Config{Store: on.Staff(), Hasher: w.Service(on), Passwords: access.NewPasswords(w.IDs), IDs: w.IDs, Now: w.Clock.Now})
}

// hired is a new member of the staff, for the world's programme.
func (w *World) hired(s *staff.Service, name string, role staff.Role) staff.Made {
	w.t.Helper()
	made, err := s.Add(w.t.Context(), access.Operator{Name: "root", Channel: audit.ChannelCLI}, name, role, w.Program.ID)
	must(w.t, err)
	return made
}

// signedIn tries to sign in, and wants that outcome.
func (w *World) signedIn(s *staff.Service, made staff.Made, code, want string) redact.Text {
	w.t.Helper()
	w.next()
	token, err := s.SignIn(w.t.Context(), staff.SignIn{Name: made.Member.Name, Password: made.Password, Code: code})
	w.says("a sign-in", err, want)
	return token
}

// staffCases are about who works at the console.
var staffCases = []contract{
	{"a member of the staff comes back with every field, by id and by name, and a stale change of it is run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := filled(t, staff.Member{
			ID: ident.UserID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Name: "olga@example.com", Role: staff.Approver, Password: redact.NewText("$argon2id$x"),
			CodeSeed: w.IDs.Bytes(16), CodesOn: true, LastStep: 7, WrongTries: 2, LockedUntil: w.next(), SessionsFrom: w.next(), DisabledAt: w.next(),
			CreatedAt: w.next(), UpdatedAt: w.next(), Version: 3,
		})
		sparse := staff.Member{ID: ident.UserID{UUID: w.IDs.UUID()}, Name: "petr", Role: staff.Viewer, Password: redact.NewText("x"), SessionsFrom: w.next(), CreatedAt: w.next(), UpdatedAt: w.next()}
		for _, m := range []staff.Member{full, sparse} {
			must(t, w.Store.Staff().Write(t.Context(), func(tx staff.Tx) error { return tx.InsertStaff(t.Context(), m) }))
			stale, runs := m, 0
			must(t, w.Store.Staff().Write(t.Context(), func(tx staff.Tx) error {
				runs++
				stale.Role, stale.CodesOn, stale.LastStep, stale.WrongTries, stale.Password = staff.Admin, !m.CodesOn, 9, 4, redact.NewText("y")
				was := stale
				if runs == 1 {
					was.Version--
				}
				return tx.UpdateStaff(t.Context(), was)
			}))
			stale.Version++
			must(t, w.Store.Staff().Read(t.Context(), func(tx staff.ReadTx) error {
				byID, found, err := tx.StaffMember(t.Context(), m.ID)
				same(t, "a member by id", stale, byID)
				byName, foundToo, _ := tx.StaffByName(t.Context(), m.Name)
				same(t, "a member by name", stale, byName)
				if !found || !foundToo || runs != 2 {
					t.Errorf("found by id %v, by name %v; a stale change ran %d times", found, foundToo, runs)
				}
				return err
			}))
		}
		list, err := w.StaffOn(w.Store).List(t.Context())
		must(t, err)
		if len(list) != 2 || list[0].Name != full.Name {
			t.Errorf("the list is %v", list)
		}
	}},
	{"the name of a sign-in is one member's, in whatever case it is typed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		s := w.StaffOn(w.Store)
		w.hired(s, "Olga", staff.Viewer)
		by := access.Operator{Name: "root", Channel: audit.ChannelCLI}
		for name, want := range map[string]string{" oLGA ": "member_taken", "": "member_invalid", "o lga": "member_invalid", "ólga": "member_invalid"} {
			_, err := s.Add(t.Context(), by, name, staff.Admin, ident.ProgramID{})
			w.says(name, err, want)
		}
		_, err := s.Add(t.Context(), by, "petr", "root", ident.ProgramID{})
		w.says("a role that is none", err, "member_invalid")
	}},
	{"a session goes on while it is used, and ends idle, too old, signed out, or with its member's access", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		s := w.StaffOn(w.Store)
		olga := w.hired(s, "olga", staff.Operator)
		enter := func(what string, token redact.Text, want string) {
			t.Helper()
			v, err := s.Enter(t.Context(), token)
			w.says(what, err, want)
			if want == "ok" && (v.Member.ID != olga.Member.ID || len(v.FormToken) < 32) {
				t.Errorf("%s: %+v", what, v.Member.Name)
			}
		}
		token := w.signedIn(s, olga, "", "ok")
		for range 24 {
			w.Clock.Advance(staff.SessionIdle - time.Minute)
			enter("in use", token, "ok")
		}
		w.Clock.Advance(staff.SessionIdle - time.Minute)
		enter("after twelve hours", token, "session_over")
		token = w.signedIn(s, olga, "", "ok")
		w.Clock.Advance(staff.SessionIdle)
		enter("idle", token, "session_over")
		token = w.signedIn(s, olga, "", "ok")
		must(t, s.SignOut(t.Context(), access.Visitor{}, token))
		must(t, s.SignOut(t.Context(), access.Visitor{}, token))
		enter("signed out", token, "session_over")
		enter("no token", redact.Text{}, "session_over")
		token = w.signedIn(s, olga, "", "ok")
		w.Clock.Advance(time.Second)
		_, err := s.Disable(t.Context(), access.Operator{Name: "root"}, "olga")
		must(t, err)
		enter("disabled", token, "session_over")
		w.signedIn(s, olga, "", "sign_in_refused")
		again, err := s.ResetPassword(t.Context(), access.Operator{Name: "root"}, "olga")
		must(t, err)
		w.signedIn(s, olga, "", "sign_in_refused")
		token = w.signedIn(s, again, "", "ok")
		w.Clock.Advance(time.Second)
		w.says("a short password", s.ChangePassword(t.Context(), access.Visitor{}, olga.Member.ID, again.Password, redact.NewText("short")), "password_too_short")
		fresh := redact.NewText("correct horse battery")
		w.says("a wrong password", s.ChangePassword(t.Context(), access.Visitor{}, olga.Member.ID, fresh, fresh), "password_wrong")
		must(t, s.ChangePassword(t.Context(), access.Visitor{}, olga.Member.ID, again.Password, fresh))
		enter("after a change of the password", token, "session_over")
		again.Password = fresh
		w.signedIn(s, again, "", "ok")
	}},
	{"five wrong tries in a row lock a member, and the trail tells each without what was typed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		s := w.StaffOn(w.Store)
		olga := w.hired(s, "olga", staff.Operator)
		guess := olga
		guess.Password = redact.NewText("not the password")
		for range 4 {
			w.signedIn(s, guess, "", "sign_in_refused")
		}
		w.signedIn(s, olga, "", "ok")
		for range 5 {
			w.signedIn(s, guess, "", "sign_in_refused")
		}
		w.signedIn(s, olga, "", "sign_in_refused")
		w.Clock.Advance(15 * time.Minute)
		w.signedIn(s, olga, "", "ok")
		same(t, "the refusals", []string{
			"locked", "wrong password, now locked", "wrong password", "wrong password", "wrong password", "wrong password",
			"wrong password", "wrong password", "wrong password", "wrong password",
		}, w.trailOf("staff.sign_in", "sign_in_refused"))
		if got := w.trailOf("staff.sign_in", audit.OK); len(got) != 2 {
			t.Errorf("the trail tells %d sign-ins", len(got))
		}
		guess.Member.Name = "nobody"
		w.signedIn(s, guess, "", "sign_in_refused")
	}},
	{"a one-time code lets in once, also when two try at the same time", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		s, other := w.StaffOn(w.Store), w.StaffOn(f.Again(t, w.Store))
		olga := w.hired(s, "olga", staff.Operator)
		id, by := olga.Member.ID, access.Visitor{}
		w.says("nothing prepared", s.TurnCodesOn(t.Context(), by, id, "000000"), "one_time_code_wrong")
		secret, err := s.PrepareCodes(t.Context(), by, id)
		must(t, err)
		code := func() string {
			raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret.Text.Reveal())
			must(t, err)
			return staff.CodeAt(raw, w.Clock.Now())
		}
		w.signedIn(s, olga, "", "ok")
		must(t, s.TurnCodesOn(t.Context(), by, id, code()))
		_, err = s.PrepareCodes(t.Context(), by, id)
		w.says("another secret", err, "one_time_codes_on")
		w.signedIn(s, olga, code(), "sign_in_refused")
		w.Clock.Advance(time.Minute)
		w.signedIn(s, olga, "", "sign_in_refused")
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, service := range []*staff.Service{s, other} {
			both.Go(func() {
				_, errs[i] = service.SignIn(t.Context(), staff.SignIn{Name: "olga", Password: olga.Password, Code: code()})
			})
		}
		both.Wait()
		if got := tally(errs); got["ok"] != 1 || got[staff.SignInRefused.Name()] != 1 {
			t.Errorf("two sign-ins with one code: %v", got)
		}
		again, err := s.ResetPassword(t.Context(), access.Operator{Name: "root"}, "olga")
		must(t, err)
		w.signedIn(s, again, "", "ok")
	}},
}
