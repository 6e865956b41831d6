package issuance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	rightBatch = ident.Reference("7e4b85e27c4610824900af48f340394d")
	otherBatch = ident.Reference("00000000000000000000000000000001")
)

var walletID = ident.AccountID{UUID: ident.UUID{3}}

// order is an activation by identifier and batch with everything right; each test makes something wrong.
type order struct {
	state issuance.ActivationState
	cmd   issuance.ActivateForCustomer
	right bool // the code, where one is asked
}

func bulkOrder() *order {
	policy := program.DefaultPolicy(program.Sandbox)
	return &order{
		state: issuance.ActivationState{
			Program:    program.Program{Kind: program.Sandbox, Policy: policy},
			Candidates: []issuance.Candidate{bulkCard(1, rightBatch)},
			Holder:     &customer.Customer{ID: holderID, Kind: customer.Person, Status: customer.Active, Application: customer.Approved},
			Wallet:     &account.Account{ID: walletID, Kind: account.Wallet, Owner: holderID, Status: account.Active},
		},
		cmd:   issuance.ActivateForCustomer{Identifier: "CARD-001", Reference: string(rightBatch), Number: 12345678},
		right: true,
	}
}

// bulkCard is a card of a batch as the worker makes it.
func bulkCard(n byte, ref ident.Reference) issuance.Candidate {
	return issuance.Candidate{Reference: ref, View: card.View{
		Card: card.Card{ID: ident.CardID{UUID: ident.UUID{n}}, Type: card.Physical, Last4: "4242"},
		Plastic: card.Plastic{
			ID: ident.PlasticID{UUID: ident.UUID{n}}, State: card.Requested, Custody: card.CustodyStock, CustodyPresumed: true, Identifier: "CARD-001",
			Guard: card.Guard{Method: card.ByIdentifierBatch, State: card.Armed},
		},
		Box: shipment.Shipment{Kind: shipment.OfBatch, Status: shipment.Placed},
	}}
}

func (o *order) view() *card.View { return &o.state.Candidates[0].View }

func (o *order) policy() *program.Policy { return &o.state.Program.Policy }

// newcomer makes the order one for a customer that it creates.
func (o *order) newcomer() {
	o.state.Holder, o.state.Wallet = nil, nil
	o.cmd.Number, o.cmd.New = 0, &issuance.NewHolder{FirstName: "Ana", LastName: "Ruiz", Email: "ana@example.com"}
}

func (o *order) decide() (d issuance.Decision, compared bool) {
	d = issuance.DecideActivationForCustomer(o.state, o.cmd, cardsNow, func(card.Plastic) bool { compared = true; return o.right })
	return d, compared
}

func pin(t interface{ Fatalf(string, ...any) }, digits string) card.PIN {
	p, ok := card.ParsePIN(digits, 4, 4)
	if !ok {
		t.Fatalf("%d digits are no PIN", len(digits))
	}
	return p
}

func askCode(o *order) {
	o.policy().Debit.RequireActivationCode = true
	o.cmd.Code, _ = card.ParseCode("123456")
	o.view().Plastic.Guard.CodeHash, o.view().Plastic.Guard.CodeIssuedAt = []byte{1}, cardsNow.Add(-time.Hour)
}

// debitWrongs is everything that can be wrong, in the order of the checks (debit contract §7.3). An earlier
// one is told before a later one, whatever else is wrong. Those that cannot be wrong together with others
// stand in tables of their own.
var debitWrongs = []struct {
	reason fault.Reason
	make   func(*order)
}{
	{issuance.BreakerOpen, func(o *order) { o.state.Misses = 101 }},
	{card.GuardLocked, func(o *order) {
		o.view().Plastic.Guard.State, o.view().Plastic.Guard.LockedUntil = card.Locked, cardsNow.Add(time.Minute)
	}},
	{card.BatchMismatch, func(o *order) { o.cmd.Reference = string(otherBatch) }},
	{card.BatchMismatch, func(o *order) { o.cmd.Identifier = "CARD-002" }},
	{card.NotPhysical, func(o *order) { o.view().Card.Type = card.Virtual }},
	{card.AlreadyActivated, func(o *order) { o.view().Plastic.ActivatedAt = cardsNow.Add(-time.Hour) }},
	{card.IsCanceled, func(o *order) { o.view().Plastic.State = card.Canceled }},
	{card.IsExpired, func(o *order) { o.view().Card.ExpiresAt = cardsNow }},
	{card.ReportedLost, func(o *order) { o.view().Card.ReportedAs = card.ClosedLost }},
	{card.IsBlocked, func(o *order) { o.view().Card.Block = card.Block{Type: card.BlockOther} }},
	{customer.NotFound, func(o *order) { o.state.Holder = nil }},
	{customer.NotEligible, func(o *order) {
		if o.state.Holder != nil {
			o.state.Holder.Status = customer.Suspended
		}
	}},
	{customer.DataInvalid, func(o *order) {
		if o.state.Holder != nil {
			o.state.Holder.RFC = "INVALID"
		}
	}},
	{account.BalanceNotFound, func(o *order) { o.cmd.Balance = 99 }},
	{card.NotShipped, func(o *order) { o.policy().Debit.ActivationGate = "left_bureau" }},
	{card.CodeWrong, func(o *order) { askCode(o); o.right = false }},
	{card.PINWeak, func(o *order) {
		o.policy().PIN.RejectWeak = true
		o.cmd.PIN, _ = card.ParsePIN("1234", 4, 4)
	}},
}

func TestDecideActivationForCustomer_TheFirstFailingCheckAnswers(t *testing.T) {
	t.Parallel()
	for i, first := range debitWrongs {
		for _, second := range debitWrongs[i:] {
			o := bulkOrder()
			second.make(o)
			first.make(o)
			d, compared := o.decide()
			name := fmt.Sprintf("%s beside %s", first.reason.Name(), second.reason.Name())
			if reasonOf(d) != first.reason.Name() {
				t.Errorf("%s: %q", name, reasonOf(d))
			}
			costs := first.reason == card.BatchMismatch || first.reason == card.CodeWrong
			// A mismatch costs the try of a guard that is armed, which is every one here but a locked one.
			if (len(d.Tried) == 1) != costs || d.Missed != costs {
				t.Errorf("%s: tries %d, missed %v", name, len(d.Tried), d.Missed)
			}
			if wantCompared := first.reason == card.CodeWrong || (first.reason == card.PINWeak && second.reason == card.CodeWrong); compared != wantCompared {
				t.Errorf("%s: compared %v", name, compared)
			}
		}
	}
	if d, compared := bulkOrder().decide(); d.Refusal != nil || compared || d.Account != walletID || d.Missed {
		t.Errorf("everything right: %q, compared %v, account %v", reasonOf(d), compared, d.Account)
	}
}

func TestDecideActivationForCustomer_UnknownIdentifier(t *testing.T) {
	t.Parallel()
	o := bulkOrder()
	o.state.Candidates = nil
	d, _ := o.decide()
	if reasonOf(d) != card.NotFound.Name() || !d.Missed || len(d.Tried) != 0 {
		t.Errorf("%q, missed %v: an unknown identifier is not found, and counts for the breaker", reasonOf(d), d.Missed)
	}
}

func TestDecideActivationForCustomer_Breaker(t *testing.T) {
	t.Parallel()
	for misses, want := range map[int]string{0: "", 100: "", 101: "mismatch_breaker", 5000: "mismatch_breaker"} {
		o := bulkOrder()
		o.state.Misses = misses
		d, _ := o.decide()
		if reasonOf(d) != want || (d.Refusal != nil && d.Refusal.RetryAfter != 10*time.Minute) {
			t.Errorf("%d misses: %q", misses, reasonOf(d))
		}
		o.policy().Activation.BreakerTries = 0
		if d, _ := o.decide(); d.Refusal != nil {
			t.Errorf("%d misses without a breaker: %q", misses, reasonOf(d))
		}
	}
}

func TestDecideActivationForCustomer_EveryGuardWithRightAndWrongBatch(t *testing.T) {
	t.Parallel()
	for _, state := range card.GuardStates() {
		for _, passed := range []bool{false, true} {
			for _, sent := range []string{string(rightBatch), strings.ToUpper(string(rightBatch)), string(otherBatch), "no reference", ""} {
				o := bulkOrder()
				guard := &o.view().Plastic.Guard
				guard.State, guard.LockedUntil = state, cardsNow.Add(time.Minute)
				if passed {
					guard.LockedUntil = cardsNow
				}
				o.cmd.Reference = sent
				right := strings.EqualFold(sent, string(rightBatch))
				want, tries := "", 0
				switch {
				case state == card.Locked && !passed:
					want = card.GuardLocked.Name()
				case state == card.HardLocked:
					want = card.GuardHardLocked.Name()
				case !right:
					want = card.BatchMismatch.Name()
					if sent == string(otherBatch) && (state == card.Armed || state == card.Locked) {
						tries = 1
					}
				}
				d, _ := o.decide()
				if reasonOf(d) != want || len(d.Tried) != tries {
					t.Errorf("guard %s, lock passed %v, batch %q: %q with %d tries, want %q with %d", state, passed, sent, reasonOf(d), len(d.Tried), want, tries)
				}
				if d.Refusal != nil && d.Refusal.Reason != card.AlreadyActivated && d.Chosen.Card.ID != (ident.CardID{}) {
					t.Errorf("guard %s, batch %q: a refusal before the match chose a card", state, sent)
				}
			}
		}
	}
}

func TestDecideActivationForCustomer_TheFifthWrongTryLocksAndStillSaysMismatch(t *testing.T) {
	t.Parallel()
	o := bulkOrder()
	o.cmd.Reference = string(otherBatch)
	now := cardsNow
	var locks []time.Duration
	for try := 1; try <= 15; try++ {
		d := issuance.DecideActivationForCustomer(o.state, o.cmd, now, nil)
		if reasonOf(d) != card.BatchMismatch.Name() || len(d.Tried) != 1 {
			t.Fatalf("try %d: %q", try, reasonOf(d))
		}
		o.view().Plastic = d.Tried[0]
		if try%5 != 0 {
			continue
		}
		locked := issuance.DecideActivationForCustomer(o.state, o.cmd, now, nil)
		if try == 15 {
			if reasonOf(locked) != card.GuardHardLocked.Name() {
				t.Fatalf("after 15: %q", reasonOf(locked))
			}
			continue
		}
		if reasonOf(locked) != card.GuardLocked.Name() || len(locked.Tried) != 0 || locked.Missed {
			t.Fatalf("after %d: %q, tried %d", try, reasonOf(locked), len(locked.Tried))
		}
		locks = append(locks, locked.Refusal.RetryAfter)
		now = now.Add(locked.Refusal.RetryAfter)
	}
	if len(locks) != 2 || locks[0] != 15*time.Minute || locks[1] != time.Hour {
		t.Errorf("locks of %v", locks)
	}
}

func TestDecideActivationForCustomer_OneIdentifierInSeveralBatches(t *testing.T) {
	t.Parallel()
	lock := func(c issuance.Candidate, state card.GuardState, left time.Duration) issuance.Candidate {
		c.View.Plastic.Guard.State, c.View.Plastic.Guard.LockedUntil = state, cardsNow.Add(left)
		return c
	}
	first, second := bulkCard(1, rightBatch), bulkCard(2, otherBatch)
	for name, c := range map[string]struct {
		cards  []issuance.Candidate
		sent   ident.Reference
		want   string
		chosen byte
		tries  int
		wait   time.Duration
	}{
		"the first":                           {[]issuance.Candidate{first, second}, rightBatch, "", 1, 0, 0},
		"the second":                          {[]issuance.Candidate{first, second}, otherBatch, "", 2, 0, 0},
		"neither costs both":                  {[]issuance.Candidate{first, second}, "00000000000000000000000000000009", "batch_mismatch", 0, 2, 0},
		"the locked one is not compared":      {[]issuance.Candidate{lock(first, card.Locked, time.Hour), second}, rightBatch, "batch_mismatch", 0, 1, 0},
		"the other one goes":                  {[]issuance.Candidate{lock(first, card.Locked, time.Hour), second}, otherBatch, "", 2, 0, 0},
		"an activated one costs nothing":      {[]issuance.Candidate{lock(first, card.Consumed, 0), second}, "00000000000000000000000000000009", "batch_mismatch", 0, 1, 0},
		"all locked: the shorter wait":        {[]issuance.Candidate{lock(first, card.Locked, time.Hour), lock(second, card.Locked, time.Minute)}, rightBatch, "activation_locked", 0, 0, time.Minute},
		"one hard, one soft":                  {[]issuance.Candidate{lock(first, card.HardLocked, 0), lock(second, card.Locked, time.Minute)}, rightBatch, "activation_locked", 0, 0, time.Minute},
		"one soft, one hard":                  {[]issuance.Candidate{lock(first, card.Locked, time.Minute), lock(second, card.HardLocked, 0)}, rightBatch, "activation_locked", 0, 0, time.Minute},
		"all hard":                            {[]issuance.Candidate{lock(first, card.HardLocked, 0), lock(second, card.HardLocked, 0)}, rightBatch, "hard_locked", 0, 0, 0},
		"a card without a batch never agrees": {[]issuance.Candidate{bulkCard(1, "")}, "", "batch_mismatch", 0, 0, 0},
	} {
		o := bulkOrder()
		o.state.Candidates, o.cmd.Reference = c.cards, string(c.sent)
		d, _ := o.decide()
		if reasonOf(d) != c.want || d.Chosen.Card.ID.UUID[0] != c.chosen || len(d.Tried) != c.tries {
			t.Errorf("%s: %q, chose %d, %d tries", name, reasonOf(d), d.Chosen.Card.ID.UUID[0], len(d.Tried))
		}
		if d.Refusal != nil && c.want != "batch_mismatch" && d.Refusal.RetryAfter != c.wait {
			t.Errorf("%s: wait %v, want %v", name, d.Refusal.RetryAfter, c.wait)
		}
	}
}

func TestDecideActivationForCustomer_StateOfTheCard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(v *card.View)
		want string
	}{
		"frozen by the holder":    {func(v *card.View) { v.Card.FrozenBy = card.ByHolder }, ""},
		"frozen by the programme": {func(v *card.View) { v.Card.FrozenBy = card.ByPartner }, ""},
		"not yet expired":         {func(v *card.View) { v.Card.ExpiresAt = cardsNow.Add(1) }, ""},
		"expired":                 {func(v *card.View) { v.Card.ExpiresAt = cardsNow }, "expired"},
		"superseded":              {func(v *card.View) { v.Plastic.State, v.Plastic.VoidReason = card.Void, card.VoidSuperseded }, "superseded"},
		"destroyed":               {func(v *card.View) { v.Plastic.State, v.Plastic.VoidReason = card.Void, card.VoidDestroyed }, "canceled"},
		"retired once activated":  {func(v *card.View) { v.Plastic.State, v.Plastic.ActivatedAt = card.Retired, cardsNow }, "already_activated"},
		"closed":                  {func(v *card.View) { v.Card.ClosedAt, v.Card.ClosedReason = cardsNow, card.ClosedOther }, "canceled"},
		"deleted":                 {func(v *card.View) { v.Card.ClosedAt, v.Card.ClosedReason = cardsNow, card.ClosedDeleted }, "canceled"},
		"closed as lost":          {func(v *card.View) { v.Card.ClosedAt, v.Card.ClosedReason = cardsNow, card.ClosedLost }, "reported_lost"},
		"stolen beside lost":      {func(v *card.View) { v.Card.ReportedAs, v.Card.ClosedReason = card.ClosedStolen, card.ClosedLost }, "reported_stolen"},
		"the box was canceled":    {func(v *card.View) { v.Box.Status = shipment.Canceled }, "canceled"},
		"on hold at the bureau":   {func(v *card.View) { v.Plastic.State = card.OnHold }, "not_shipped"},
		"rejected by the bureau":  {func(v *card.View) { v.Plastic.State = card.Rejected }, "not_shipped"},
	} {
		o := bulkOrder()
		c.make(o.view())
		if d, _ := o.decide(); reasonOf(d) != c.want {
			t.Errorf("%s: %q, want %q", name, reasonOf(d), c.want)
		}
	}
}

func TestDecideActivationForCustomer_TheGate(t *testing.T) {
	t.Parallel()
	for _, gate := range []string{"created", "left_bureau"} {
		for _, presumed := range []bool{true, false} {
			for _, box := range append(shipment.Statuses(), "") {
				o := bulkOrder()
				o.policy().Debit.ActivationGate = gate
				o.view().Plastic.CustodyPresumed, o.view().Box.Status = presumed, box
				want := ""
				switch {
				case box == shipment.Canceled:
					want = "canceled"
				case presumed && gate == "created", box.Left():
				case box == shipment.DeliveryFailed:
					want = "delivery_failed"
				case box == shipment.Exception:
					want = "delivery_exception"
				case box == shipment.Returned:
					want = "returned"
				case box == shipment.Lost:
					want = "lost_in_transit"
				case presumed: // only reports count under this gate
					want = "not_shipped"
				}
				if d, _ := o.decide(); reasonOf(d) != want {
					t.Errorf("gate %s, presumed %v, box %q: %q, want %q", gate, presumed, box, reasonOf(d), want)
				}
				if want != "canceled" && issuance.Ready(*o.view(), *o.policy()) != (want == "") {
					t.Errorf("gate %s, presumed %v, box %q: readiness disagrees", gate, presumed, box)
				}
			}
		}
	}
}

func TestDecideActivationForCustomer_TheHolder(t *testing.T) {
	t.Parallel()
	stranger := ident.CustomerID{UUID: ident.UUID{8}}
	for name, c := range map[string]struct {
		make   func(o *order)
		want   string
		detail any
	}{
		"suspended":              {func(o *order) { o.state.Holder.Status = customer.Suspended }, "customer_not_eligible", customer.Inactive},
		"closed":                 {func(o *order) { o.state.Holder.Status = customer.Closed }, "customer_not_eligible", customer.Inactive},
		"in review":              {func(o *order) { o.state.Holder.Application = customer.InReview }, "customer_not_eligible", customer.Inactive},
		"reserved for another":   {func(o *order) { o.view().Card.ReservedFor = stranger }, "customer_not_eligible", customer.NotAllowed},
		"reserved for this one":  {func(o *order) { o.view().Card.ReservedFor = holderID }, "", nil},
		"bound to another":       {func(o *order) { o.view().Card.Customer = stranger }, "customer_not_eligible", customer.NotAllowed},
		"suspended and reserved": {func(o *order) { o.state.Holder.Status, o.view().Card.ReservedFor = customer.Suspended, stranger }, "customer_not_eligible", customer.Inactive},
		"at the limit":           {func(o *order) { o.policy().Debit.MaxCardsPerCustomer, o.state.CardsHeld = 2, 1 }, "", nil},
		"above the limit":        {func(o *order) { o.policy().Debit.MaxCardsPerCustomer, o.state.CardsHeld = 2, 2 }, "customer_not_eligible", customer.TooManyCards},
		"reserved and above": {func(o *order) {
			o.policy().Debit.MaxCardsPerCustomer, o.state.CardsHeld, o.view().Card.ReservedFor = 1, 1, stranger
		}, "customer_not_eligible", customer.NotAllowed},
		"no limit":                 {func(o *order) { o.state.CardsHeld = 1000 }, "", nil},
		"a good RFC":               {func(o *order) { o.state.Holder.RFC = "PEGJ831111BM9" }, "", nil},
		"a generic RFC":            {func(o *order) { o.state.Holder.RFC = customer.GenericRFC }, "", nil},
		"a bad RFC":                {func(o *order) { o.state.Holder.RFC = "PEGJ831311BM9" }, "customer_data_invalid", []customer.Field{customer.FieldRFC}},
		"a company's RFC":          {func(o *order) { o.state.Holder.RFC = "PEG831111BM9" }, "customer_data_invalid", []customer.Field{customer.FieldRFC}},
		"a bad CURP":               {func(o *order) { o.state.Holder.CURP = "PEGJ831111HDFRRN03" }, "customer_data_invalid", []customer.Field{customer.FieldCURP}},
		"a good CURP":              {func(o *order) { o.state.Holder.CURP = "PEGJ831111HDFRRN02" }, "", nil},
		"both bad":                 {func(o *order) { o.state.Holder.RFC, o.state.Holder.CURP = "X", "Y" }, "customer_data_invalid", []customer.Field{customer.FieldRFC, customer.FieldCURP}},
		"a newcomer":               {func(o *order) { o.newcomer() }, "", nil},
		"a newcomer with a CURP":   {func(o *order) { o.newcomer(); o.cmd.New.CURP = "PEGJ831111HDFRRN02" }, "", nil},
		"a newcomer, bad RFC":      {func(o *order) { o.newcomer(); o.cmd.New.RFC = "X" }, "customer_data_invalid", []customer.Field{customer.FieldRFC}},
		"a company's RFC, company": {func(o *order) { o.newcomer(); o.cmd.New.RFC, o.cmd.New.Gender = "PEG831111BM9", 3 }, "", nil},
		"a newcomer, e-mail taken": {func(o *order) { o.newcomer(); o.state.Taken = []customer.Field{customer.FieldEmail} }, "customer_exists", []customer.Field{customer.FieldEmail}},
		"bad RFC before taken": {func(o *order) {
			o.newcomer()
			o.cmd.New.RFC = "X"
			o.state.Taken = []customer.Field{customer.FieldEmail}
		}, "customer_data_invalid", []customer.Field{customer.FieldRFC}},
		"a newcomer, reserved":                        {func(o *order) { o.newcomer(); o.view().Card.ReservedFor = stranger }, "customer_not_eligible", customer.NotAllowed},
		"taken means nothing to an existing customer": {func(o *order) { o.state.Taken = []customer.Field{customer.FieldEmail} }, "", nil},
	} {
		o := bulkOrder()
		c.make(o)
		d, _ := o.decide()
		if reasonOf(d) != c.want {
			t.Errorf("%s: %q, want %q", name, reasonOf(d), c.want)
		} else if d.Refusal != nil && fmt.Sprint(d.Refusal.Detail) != fmt.Sprint(c.detail) {
			t.Errorf("%s: detail %v, want %v", name, d.Refusal.Detail, c.detail)
		}
	}
}

func TestDecideActivationForCustomer_TheBalance(t *testing.T) {
	t.Parallel()
	id := func(n byte) ident.AccountID { return ident.AccountID{UUID: ident.UUID{n}} }
	stranger := ident.CustomerID{UUID: ident.UUID{8}}
	named := func(kind account.Kind, owner, parentOwner ident.CustomerID, status account.Status) *issuance.NamedBalance {
		return &issuance.NamedBalance{Account: account.Account{ID: id(5), Kind: kind, Owner: owner, Status: status}, ParentOwner: parentOwner}
	}
	composite := func(o *order) { o.policy().Debit.Composite, o.state.Composite = true, true }
	for name, c := range map[string]struct {
		make func(o *order)
		want string
		got  ident.AccountID
		new  bool
	}{
		"the wallet":                {func(*order) {}, "", walletID, false},
		"no wallet yet":             {func(o *order) { o.state.Wallet = nil }, "", ident.AccountID{}, true},
		"the reserved one first":    {func(o *order) { o.state.Reserved = &account.Account{ID: id(4), Status: account.Active} }, "", id(4), false},
		"an inactive wallet":        {func(o *order) { o.state.Wallet.Status = account.Inactive }, "account_not_active", id(0), false},
		"a closed wallet":           {func(o *order) { o.state.Wallet.Status = account.Closed }, "account_not_active", id(0), false},
		"a newcomer":                {func(o *order) { o.newcomer() }, "", ident.AccountID{}, true},
		"a newcomer with a balance": {func(o *order) { o.newcomer(); o.cmd.Balance = 1 }, "balance_not_found", id(0), false},
		"named, unknown":            {func(o *order) { o.cmd.Balance = 1 }, "balance_not_found", id(0), false},
		"named, own wallet": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.Wallet, holderID, ident.CustomerID{}, account.Active)
		}, "", id(5), false},
		"named, another's": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.Wallet, stranger, ident.CustomerID{}, account.Active)
		}, "balance_not_found", id(0), false},
		"named, another's and inactive": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.Wallet, stranger, ident.CustomerID{}, account.Inactive)
		}, "balance_not_found", id(0), false},
		"named, own and inactive": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.Wallet, holderID, ident.CustomerID{}, account.Inactive)
		}, "account_not_active", id(0), false},
		"named, child of an own parent": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.CompositeChild, stranger, holderID, account.Active)
		}, "", id(5), false},
		"named, child of another's parent": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.CompositeChild, stranger, stranger, account.Active)
		}, "balance_not_found", id(0), false},
		"named, a parent": {func(o *order) {
			o.cmd.Balance, o.state.Balance = 1, named(account.CompositeParent, holderID, holderID, account.Active)
		}, "balance_not_found", id(0), false},
		"composite, none named":           {composite, "balance_required", id(0), false},
		"composite, none named, reserved": {func(o *order) { composite(o); o.state.Reserved = &account.Account{ID: id(4), Status: account.Active} }, "balance_required", id(0), false},
		"composite, named": {func(o *order) {
			composite(o)
			o.cmd.Balance, o.state.Balance = 1, named(account.CompositeChild, holderID, holderID, account.Active)
		}, "", id(5), false},
		"composite owner, policy off": {func(o *order) { o.state.Composite = true }, "", walletID, false},
	} {
		o := bulkOrder()
		c.make(o)
		d, _ := o.decide()
		if reasonOf(d) != c.want || d.Account != c.got || d.NewWallet != c.new {
			t.Errorf("%s: %q, account %v, new %v; want %q, %v, %v", name, reasonOf(d), d.Account, d.NewWallet, c.want, c.got, c.new)
		}
	}
}

func TestDecideActivationForCustomer_CodeAndPIN(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make     func(o *order)
		want     string
		compared bool
	}{
		"code asked and right":      {askCode, "", true},
		"code asked and missing":    {func(o *order) { askCode(o); o.cmd.Code = card.Code{} }, "activation_code_required", false},
		"code asked, none issued":   {func(o *order) { askCode(o); o.view().Plastic.Guard.CodeHash = nil }, "code_not_issued", false},
		"code asked and expired":    {func(o *order) { askCode(o); o.policy().Activation.CodeLifetime = time.Hour }, "code_expired", false},
		"code sent, not asked":      {func(o *order) { o.cmd.Code, _ = card.ParseCode("123456"); o.right = false }, "", false},
		"any PIN by default":        {func(o *order) { o.cmd.PIN = pin(t, "1234") }, "", false},
		"four equal digits":         {func(o *order) { o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "1111") }, "pin_weak", false},
		"a run down":                {func(o *order) { o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "4321") }, "pin_weak", false},
		"a year":                    {func(o *order) { o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "1987") }, "pin_weak", false},
		"the end of the number":     {func(o *order) { o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "4242") }, "pin_weak", false},
		"a good one":                {func(o *order) { o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "7391") }, "", false},
		"required, none anywhere":   {func(o *order) { o.policy().PIN.RequiredAtActivation = true }, "pin_required", false},
		"required, came with order": {func(o *order) { o.policy().PIN.RequiredAtActivation, o.view().Card.PINSetAt = true, cardsNow }, "", false},
		"required, sent":            {func(o *order) { o.policy().PIN.RequiredAtActivation, o.cmd.PIN = true, pin(t, "7391") }, "", false},
		"wrong code before weak PIN": {func(o *order) {
			askCode(o)
			o.right = false
			o.policy().PIN.RejectWeak, o.cmd.PIN = true, pin(t, "1111")
		}, "code_mismatch", true},
	} {
		o := bulkOrder()
		c.make(o)
		if d, compared := o.decide(); reasonOf(d) != c.want || compared != c.compared {
			t.Errorf("%s: %q, compared %v; want %q, %v", name, reasonOf(d), compared, c.want, c.compared)
		}
	}
}

// Whatever is wrong: only a mismatch and a wrong code cost tries, each armed guard at most one, and what
// is refused before the match says nothing about a card.
func TestDecideActivationForCustomer_TriesAreCountedOnceAndOnlyForGuesses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := bulkOrder()
		o.state.Candidates = nil
		for n := range rapid.IntRange(0, 4).Draw(t, "cards") {
			c := bulkCard(byte(n+1), rapid.SampledFrom([]ident.Reference{rightBatch, otherBatch, ""}).Draw(t, "batch"))
			guard := &c.View.Plastic.Guard
			guard.State = rapid.SampledFrom(card.GuardStates()).Draw(t, "guard")
			guard.Tries = rapid.IntRange(0, 4).Draw(t, "tries")
			guard.LifetimeWrong = rapid.IntRange(guard.Tries, 14).Draw(t, "ever")
			guard.LockedUntil = cardsNow.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "lock")) * time.Minute)
			o.state.Candidates = append(o.state.Candidates, c)
		}
		o.cmd.Reference = rapid.SampledFrom([]string{string(rightBatch), string(otherBatch), "00000000000000000000000000000009", "guess", ""}).Draw(t, "sent")
		if len(o.state.Candidates) > 0 {
			for _, w := range debitWrongs[3:] {
				if rapid.IntRange(0, 5).Draw(t, w.reason.Name()) == 0 {
					w.make(o)
				}
			}
		}
		d, compared := o.decide()
		guess := reasonOf(d) == "batch_mismatch" || reasonOf(d) == "code_mismatch"
		if len(d.Tried) > 0 && !guess {
			t.Fatalf("%q cost %d tries", reasonOf(d), len(d.Tried))
		}
		seen := map[ident.PlasticID]bool{}
		for _, p := range d.Tried {
			before := o.state.Candidates[p.ID.UUID[0]-1].View.Plastic.Guard
			if seen[p.ID] || p.Guard.LifetimeWrong != before.LifetimeWrong+1 || before.At(cardsNow).State != card.Armed {
				t.Fatalf("guard %+v became %+v", before, p.Guard)
			}
			seen[p.ID] = true
		}
		if compared && d.Chosen.Card.ID.IsZero() {
			t.Fatal("a code was compared before the card was found")
		}
		if d.Refusal == nil && d.Chosen.Card.ID.IsZero() {
			t.Fatal("nothing was chosen")
		}
	})
}
