package access_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// plainHasher stands for the keyring: a hash is all that is needed here.
type plainHasher struct{}

func (plainHasher) HashCredential(secret redact.Text) []byte {
	sum := sha256.Sum256(secret.Bytes())
	return sum[:]
}

type office struct {
	clock   *storetest.Clock
	db      *sqlstore.DB
	service *access.Service
	auth    *access.Authenticator
	ids     *ident.Source
}

var (
	operator = access.Operator{Name: "olga", Channel: audit.ChannelCLI}
	anywhere = netip.MustParseAddr("198.51.100.7")
)

func newOffice(t *testing.T) *office {
	t.Helper()
	clock := storetest.NewClock()
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ids := ident.NewSource(rand.Reader, clock.Now)
	return &office{
		clock: clock, db: db, ids: ids,
		service: access.NewService(access.ServiceConfig{Store: db.Access(), Hasher: plainHasher{}, IDs: ids, Now: clock.Now}),
		auth:    access.NewAuthenticator(access.AuthenticatorConfig{Store: db.Access(), Hasher: plainHasher{}, Now: clock.Now}),
	}
}

func (o *office) program(t *testing.T, name string, kind program.Kind) program.Program {
	t.Helper()
	p, err := o.service.CreateProgram(t.Context(), operator, name, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (o *office) key(t *testing.T, r access.KeyRequest) access.Issued {
	t.Helper()
	if r.Name == "" {
		r.Name = "key"
	}
	o.clock.Advance(time.Millisecond) // lists are in order of time
	issued, err := o.service.IssueKey(t.Context(), operator, r)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// trail gives action and outcome of the audit rows of a programme, oldest first.
func (o *office) trail(t *testing.T, p ident.ProgramID) (actions []string) {
	t.Helper()
	err := o.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		rows, err := tx.AuditTrail(t.Context(), p, issuance.AuditFilter{}, issuance.Page{Limit: 100})
		for _, r := range rows {
			if r.Actor != "operator:olga" || r.Channel != audit.ChannelCLI {
				t.Errorf("%s was done by %s through %s", r.Action, r.Actor, r.Channel)
			}
			actions = append(actions, r.Action+" "+r.Outcome+" "+r.Note)
		}
		slices.Reverse(actions)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return actions
}

func refused(t *testing.T, what string, err error, want fault.Reason) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %s", what, err, want.Name())
	}
}

func TestCreateProgram_HasADesignAndAnAuditRow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, err := o.service.CreateProgram(t.Context(), operator, "  Acme  ", program.Sandbox, map[string]string{"digital_first": "false"})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := o.service.FindProgram(t.Context(), "Acme")
	if err != nil || stored.ID != p.ID || stored.Policy.DigitalFirst || stored.Kind != program.Sandbox {
		t.Fatalf("found %+v, %v", stored, err)
	}
	if byID, err := o.service.FindProgram(t.Context(), p.ID.String()); err != nil || byID.Name != "Acme" {
		t.Errorf("by its id: %q, %v", byID.Name, err)
	}
	err = o.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		d, ok, err := tx.DefaultDesign(t.Context(), p.ID)
		if !ok || d.Campaign != access.DefaultCampaign || !d.Active || !d.Makes(card.Physical) || !d.Makes(card.Virtual) {
			t.Errorf("the default design is %+v", d)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.trail(t, p.ID); !slices.Equal(got, []string{"program.create ok sandbox"}) {
		t.Errorf("trail %q", got)
	}
}

func TestCreateProgram_Refuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.program(t, "Acme", program.Sandbox)
	create := func(name string, kind program.Kind, policies map[string]string) error {
		_, err := o.service.CreateProgram(t.Context(), operator, name, kind, policies)
		return err
	}
	refused(t, "no name", create(" ", program.Sandbox, nil), access.ProgramNameInvalid)
	refused(t, "a line break", create("a\nb", program.Sandbox, nil), access.ProgramNameInvalid)
	refused(t, "no kind", create("Other", "", nil), access.ProgramKindInvalid)
	refused(t, "a taken name", create("Acme", program.Live, nil), access.ProgramNameTaken)
	err := create("Other", program.Live, map[string]string{"nonsense": "1", "activation.tries": "0", "webhooks.allow_private_targets": "true"})
	refused(t, "wrong policies", err, access.PolicyInvalid)
	if problems, ok := fault.Of(err).Detail.([]string); !ok || len(problems) != 3 {
		t.Errorf("not all problems are reported: %v", fault.Of(err).Detail)
	}
	if list, err := o.service.ListPrograms(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d programmes, %v", len(list), err)
	}
}

func TestSetPolicy_ChangesAndTakesDefaultsAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	set := func(changes map[string]string) (program.Program, error) {
		o.clock.Advance(time.Millisecond)
		return o.service.SetPolicy(t.Context(), operator, p.ID, changes)
	}
	if got, err := set(map[string]string{"activation.tries": "3", "digital_first": "false"}); err != nil || got.Policy.Activation.Tries != 3 {
		t.Fatalf("tries %d, %v", got.Policy.Activation.Tries, err)
	}
	if _, err := set(map[string]string{"activation.tries": "x"}); !errors.Is(err, access.PolicyInvalid) {
		t.Errorf("a wrong value: %v", err)
	}
	if _, err := set(map[string]string{"nonsense": ""}); !errors.Is(err, access.PolicyInvalid) {
		t.Errorf("an unknown name: %v", err)
	}
	got, err := set(map[string]string{"activation.tries": ""})
	if err != nil || got.Policy.Activation.Tries != 5 || got.Policy.DigitalFirst {
		t.Fatalf("tries %d, digital first %v, %v", got.Policy.Activation.Tries, got.Policy.DigitalFirst, err)
	}
	stored, err := o.service.FindProgram(t.Context(), "Acme")
	if err != nil || stored.Policy.Activation.Tries != 5 || stored.Policy.DigitalFirst {
		t.Errorf("stored %+v, %v", stored.Policy, err)
	}
	want := []string{"program.create ok sandbox", "program.set_policy ok activation.tries digital_first", "program.set_policy ok activation.tries"}
	if got := o.trail(t, p.ID); !slices.Equal(got, want) {
		t.Errorf("trail %q", got)
	}
	_, err = o.service.SetPolicy(t.Context(), operator, ident.ProgramID{UUID: o.ids.UUID()}, nil)
	refused(t, "an unknown programme", err, access.ProgramUnknown)
}

func TestSetClock_OfASandboxOnly(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	at := time.Date(2024, 11, 15, 14, 32, 18, 123_000_000, time.UTC)
	for _, step := range []struct {
		change access.ClockChange
		passes time.Duration
		want   time.Time
	}{
		{access.ClockAt(at), time.Minute, at.Add(time.Minute)},
		{access.ClockAdvanced(time.Hour), 0, at.Add(61 * time.Minute)},
		{access.ClockFrozen(time.Time{}), time.Hour, at.Add(61 * time.Minute)},
		{access.ClockAdvanced(time.Hour), time.Hour, at.Add(121 * time.Minute)},
		{access.ClockFrozen(at), time.Hour, at},
	} {
		if _, _, err := o.service.SetClock(t.Context(), operator, p.ID, step.change); err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(step.passes)
		stored, err := o.service.FindProgram(t.Context(), "Acme")
		if err != nil || !stored.Now(o.clock.Now()).Equal(step.want) {
			t.Errorf("the clock shows %s, want %s (%v)", stored.Now(o.clock.Now()), step.want, err)
		}
	}
	if _, shown, err := o.service.SetClock(t.Context(), operator, p.ID, access.ClockReal()); err != nil || !shown.Equal(o.clock.Now()) {
		t.Errorf("following real time it shows %s, %v", shown, err)
	}
	turn := func(id ident.ProgramID, c access.ClockChange) error {
		_, _, err := o.service.SetClock(t.Context(), operator, id, c)
		return err
	}
	refused(t, "backwards", turn(p.ID, access.ClockAdvanced(-1)), access.ClockInvalid)
	refused(t, "the year 1999", turn(p.ID, access.ClockAt(time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC))), access.ClockInvalid)
	refused(t, "the year 2100", turn(p.ID, access.ClockAt(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))), access.ClockInvalid)
	if err := turn(p.ID, access.ClockAt(program.LastTime.Add(-time.Minute))); err != nil {
		t.Error(err)
	}
	o.clock.Advance(time.Hour)
	stored, err := o.service.FindProgram(t.Context(), "Acme")
	if shown := stored.Now(o.clock.Now()); err != nil || !shown.Equal(program.LastTime) {
		t.Errorf("an hour after the last minute the clock shows %s, %v", shown, err)
	}
	refused(t, "a live programme", turn(o.program(t, "Real", program.Live).ID, access.ClockAdvanced(1)), access.ClockOfSandboxOnly)
}

func TestKeys_LimitsListAndRevoke(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	var first access.Issued
	for i := range 5 {
		issued := o.key(t, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce})
		if i == 0 {
			first = issued
		}
	}
	_, err := o.service.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce, Name: "sixth"})
	refused(t, "the sixth e-commerce token", err, access.KeyLimit)
	for range 10 {
		o.key(t, access.KeyRequest{Program: p.ID, Kind: access.CardsKey})
	}
	_, err = o.service.IssueKey(t.Context(), operator, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Name: "eleventh"})
	refused(t, "the eleventh cards key", err, access.KeyLimit)

	if _, err := o.service.RevokeKey(t.Context(), operator, first.Credential.PublicID); err != nil {
		t.Fatal(err)
	}
	_, err = o.service.RevokeKey(t.Context(), operator, first.Credential.PublicID)
	refused(t, "revoked twice", err, access.KeyRevokedAlready)
	_, err = o.service.RevokeKey(t.Context(), operator, "ec_nobody")
	refused(t, "an unknown key", err, access.KeyUnknown)
	o.key(t, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce, Role: access.RoleAdmin})

	list, err := o.service.ListKeys(t.Context(), p.ID)
	if err != nil || len(list) != 16 || list[0].Status != access.Revoked || list[0].RevokedAt.IsZero() || list[15].Role != access.RoleAdmin {
		t.Errorf("%d keys, %v", len(list), err)
	}
	for _, r := range []access.KeyRequest{
		{Program: p.ID, Kind: access.CardsKey},
		{Program: p.ID, Kind: access.CardsKey, Name: "x", Role: access.RoleAdmin},
		{Program: p.ID, Kind: access.CustomerOauth, Name: "x"},
		{Program: p.ID, Kind: access.Ecommerce, Name: "x", Role: "king"},
		{Program: p.ID, Kind: access.NativeKey, Name: "x"},
		{Program: p.ID, Kind: access.NativeKey, Name: "x", Scopes: []access.Scope{access.CardsRead, "everything"}},
		{Program: p.ID, Kind: access.CardsKey, Name: "x", Scopes: []access.Scope{access.CardsRead}},
	} {
		_, err := o.service.IssueKey(t.Context(), operator, r)
		refused(t, "a wrong request", err, access.KeyRequestInvalid)
	}
}

func TestCardsKey_AnswersInTheOrderOfTheContract(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	key := o.key(t, access.KeyRequest{Program: p.ID, Kind: access.CardsKey, Allowlist: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	debit := o.key(t, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce})
	unknown := "Bearer ftk_sandbox_4fT9aB2cD3eF_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	bearer := "Bearer " + key.Secret.Reveal()
	try := func(header []string, from netip.Addr) error {
		_, err := o.auth.CardsKey(t.Context(), header, from)
		return err
	}
	refused(t, "no header", try(nil, anywhere), access.KeyMissing)
	refused(t, "another scheme", try([]string{"Basic x"}, anywhere), access.KeyHeaderInvalid)
	refused(t, "sent twice", try([]string{bearer, bearer}, anywhere), access.KeyHeaderInvalid)
	refused(t, "unknown", try([]string{unknown}, anywhere), access.KeyInvalid)
	refused(t, "of the other door", try([]string{"Bearer " + debit.Secret.Reveal()}, anywhere), access.KeyInvalid)
	refused(t, "from elsewhere", try([]string{bearer}, netip.MustParseAddr("203.0.113.1")), access.AddressNotAllowed)
	id, err := o.auth.CardsKey(t.Context(), []string{bearer}, anywhere)
	if err != nil || id.Program.ID != p.ID || id.Credential.PublicID != key.Credential.PublicID {
		t.Fatalf("%+v, %v", id, err)
	}
	if _, err := o.service.Suspend(t.Context(), operator, p.ID, "test"); err != nil {
		t.Fatal(err)
	}
	o.clock.Advance(2 * time.Second)
	refused(t, "suspended, from elsewhere", try([]string{bearer}, netip.MustParseAddr("203.0.113.1")), access.ProgramSuspended)
	if _, err := o.service.Resume(t.Context(), operator, p.ID, ""); err != nil {
		t.Fatal(err)
	}
	if err := try([]string{bearer}, anywhere); err != nil {
		t.Errorf("a programme that goes on: %v; what does not work is not remembered", err)
	}
	if _, err := o.service.RevokeKey(t.Context(), operator, key.Credential.PublicID); err != nil {
		t.Fatal(err)
	}
	o.clock.Advance(2 * time.Second)
	refused(t, "revoked", try([]string{bearer}, anywhere), access.KeyInvalid)
}

func TestEcommerce_TakesTheTokenRawOrWithBearer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Live)
	key := o.key(t, access.KeyRequest{Program: p.ID, Kind: access.Ecommerce})
	for _, header := range []string{key.Secret.Reveal(), "Bearer " + key.Secret.Reveal()} {
		if id, err := o.auth.Ecommerce(t.Context(), []string{header}, anywhere); err != nil || id.Program.ID != p.ID || id.Credential.Role != access.RoleProgram {
			t.Errorf("%+v, %v", id, err)
		}
	}
	_, err := o.auth.Ecommerce(t.Context(), nil, anywhere)
	refused(t, "no header", err, access.EcommerceMissing)
	_, err = o.auth.Ecommerce(t.Context(), []string{"nonsense"}, anywhere)
	refused(t, "malformed", err, access.EcommerceInvalid)
	sandboxOnly := access.NewAuthenticator(access.AuthenticatorConfig{
		Store: o.db.Access(), Hasher: plainHasher{}, Now: o.clock.Now, Only: program.Sandbox,
	})
	_, err = sandboxOnly.Ecommerce(t.Context(), []string{key.Secret.Reveal()}, anywhere)
	refused(t, "a live key on a host of sandboxes", err, access.EcommerceInvalid)
}

func TestAuthenticator_MalformedKeysTouchNoStorage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel() // storage would say so
	for _, header := range []string{"Bearer x", "Bearer ftk_sandbox_short_secret", "ec_test_zz"} {
		_, err := o.auth.CardsKey(gone, []string{header}, anywhere)
		if e := fault.Of(err); e == nil || e.Reason.Kind() != fault.Unauthenticated {
			t.Errorf("%s: %v", header, err)
		}
		_, err = o.auth.Ecommerce(gone, []string{header}, anywhere)
		if e := fault.Of(err); e == nil || e.Reason.Kind() != fault.Unauthenticated {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestFlushUsed_WritesTheLastUseOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	key := o.key(t, access.KeyRequest{Program: p.ID, Kind: access.CardsKey})
	used := o.clock.Now()
	for range 3 {
		if _, err := o.auth.CardsKey(t.Context(), []string{"Bearer " + key.Secret.Reveal()}, anywhere); err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(10 * time.Second)
	}
	for range 2 {
		if err := o.auth.FlushUsed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list, err := o.service.ListKeys(t.Context(), p.ID)
	if err != nil || len(list) != 1 || !list[0].LastUsed.Equal(used) {
		t.Errorf("last used %v, want %s (%v)", list, used, err)
	}
}

func TestAuthenticator_ServesManyAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.program(t, "Acme", program.Sandbox)
	var keys []string
	for range 5 {
		keys = append(keys, "Bearer "+o.key(t, access.KeyRequest{Program: p.ID, Kind: access.CardsKey}).Secret.Reveal())
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 50 {
				id, err := o.auth.CardsKey(t.Context(), []string{keys[(i+n)%len(keys)]}, anywhere)
				if err != nil || id.Program.ID != p.ID {
					t.Errorf("%v, %v", id.Program.Name, err)
				}
				o.clock.Advance(100 * time.Millisecond)
			}
			if err := o.auth.FlushUsed(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := o.service.ListKeys(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		if k.LastUsed.IsZero() {
			t.Errorf("%s was used, and its last use is not known", k.PublicID)
		}
	}
}
