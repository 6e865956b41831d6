package program

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the time zones of programmes must be there on every machine

	"github.com/firsttap/firsttap/internal/approval"
)

// Setting is one policy as people and stores write it: a dotted name and a text.
type Setting struct {
	Name    string
	Default string
	Values  string // the values that it takes, in words
	Effect  string // one sentence
	Form    Form   // the values that it takes, for programs
	set     func(p *Policy, v string) error
}

// ParsePolicy builds the policy of a programme of that kind from the values that differ from the
// defaults. All problems are reported at once, one line each.
func ParsePolicy(kind Kind, values map[string]string) (Policy, error) {
	p := Policy{RateLimits: defaultWindows(kind)}
	known := map[string]Setting{}
	var problems []error
	for _, s := range Settings() {
		known[s.Name] = s
		if s.Default == "" {
			continue
		}
		if err := s.set(&p, s.Default); err != nil {
			problems = append(problems, fmt.Errorf("%s: default: %w", s.Name, err))
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		s, ok := known[name]
		if !ok {
			problems = append(problems, ValueError{name, "there is no such policy"})
			continue
		}
		if err := s.set(&p, values[name]); err != nil {
			problems = append(problems, ValueError{name, err.Error() + " (takes " + s.Values + ")"})
		}
	}
	if err := p.Vault.settle(kind); err != nil {
		problems = append(problems, err)
	}
	if err := p.Faults.settle(kind); err != nil {
		problems = append(problems, err)
	}
	if kind == Live && p.AllowPrivateTargets {
		problems = append(problems, ValueError{"webhooks.allow_private_targets", "only a sandbox programme may have it"})
	}
	return p, errors.Join(problems...)
}

// Settings is the closed list of policies, in the order in which they are documented.
func Settings() []Setting {
	list := []Setting{
		flag("api.require_version_header", "true", "a request without Reap-Version is refused", func(p *Policy) *bool { return &p.RequireVersionHeader }),
		listed("api.accepted_versions", "2025-02-14", "dates, separated by commas", "values of Reap-Version that are taken as the same behaviour", setVersions),
		flag("digital_first", "true", "a physical card works online before it is activated", func(p *Policy) *bool { return &p.DigitalFirst }),
		flag("activation.require_idempotency_key", "false", "activation without Idempotency-Key is refused", func(p *Policy) *bool { return &p.Activation.RequireIdempotencyKey }),
		flag("activation.accept_after_failed_delivery", "false", "opens activation after a failed delivery or an exception (never after a return or loss)", func(p *Policy) *bool { return &p.Activation.AcceptAfterFailedDelivery }),
		number("activation.tries", "5", 1, 100, "wrong tries until a lock", func(p *Policy) *int { return &p.Activation.Tries }),
		listed("activation.lock_steps", "15m,1h", "durations, separated by commas", "length of the first, second, … lock; every later one lasts 24 hours", setLockSteps),
		number("activation.lifetime_tries", "15", 1, 100, "wrong tries of a card's lifetime until it locks hard", func(p *Policy) *int { return &p.Activation.LifetimeTries }),
		flag("activation.show_attempts", "true", "answers tell how many tries are left", func(p *Policy) *bool { return &p.Activation.ShowAttempts }),
		duration("activation.code_lifetime", "0s", "how long a code may be used; 0s is for ever", func(p *Policy) *time.Duration { return &p.Activation.CodeLifetime }),
		number("activation.breaker_tries", "100", 0, 1_000_000, "wrong tries over all cards of the programme within the breaker's window, beyond which the breaker acts; 0 is no breaker", func(p *Policy) *int { return &p.Activation.BreakerTries }),
		duration("activation.breaker_window", "10m", "the window of the breaker", func(p *Policy) *time.Duration { return &p.Activation.BreakerWindow }),
		chosen("activation_code.mode", "allow", "allow, require_reason, approval or refuse", "whether a code may be read back", func(p *Policy, v string) error {
			return oneOf(v, &p.ActivationCode.Mode, CodeAllow, CodeRequireReason, CodeApproval, CodeRefuse)
		}, "allow", "require_reason", "approval", "refuse"),
		flag("activation_code.require_shipped", "false", "a code is read only once the parcel has left", func(p *Policy) *bool { return &p.ActivationCode.RequireShipped }),
		number("activation_code.per_card_per_day", "5", 1, 1000, "reads of one card's code in 24 hours", func(p *Policy) *int { return &p.ActivationCode.PerCardPerDay }),
		number("activation_code.per_key_per_day", "100", 1, 1_000_000, "recoveries of codes by one key of the native API in 24 hours, of all cards", func(p *Policy) *int { return &p.ActivationCode.PerKeyPerDay }),
		chosen("activation_code.storage", "recoverable", "recoverable or hash_only", "what is kept of codes from then on; by their hash alone nobody can read them, and recovery makes a new one", func(p *Policy, v string) error {
			return oneOf(v, &p.ActivationCode.Storage, CodeRecoverable, CodeHashOnly)
		}, "recoverable", "hash_only"),
		listed("approvals.actions", "", "code_recovery, guard_reset, unblock_after_fraud, bulk_activation, separated by commas; empty is none", "what somebody else must approve first (through the native API)", setApprovals),
		duration("approvals.live", "24h", "how long an approval can be given and used", func(p *Policy) *time.Duration { return &p.Approvals.Live }),
		flag("users.require_terms", "false", "a new user must bring termsAcceptance", func(p *Policy) *bool { return &p.RequireTerms }),
		chosen("users.review", "manual", "manual or auto", "who decides a user's application", func(p *Policy, v string) error {
			var mode string
			err := oneOf(v, &mode, "manual", "auto")
			p.ReviewAuto = mode == "auto"
			return err
		}, "manual", "auto"),
		listed("shipping.countries", "", "ISO 3166-1 alpha-2 codes, separated by commas; empty is all of the bureau", "countries that parcels may go to", func(p *Policy, v string) error { return list(v, &p.ShippingCountries, countryCode) }),
		listed("shipping.couriers", "", "DHL, FEDEX, POSTAL, separated by commas, or none; empty is all of the bureau", "couriers that may be chosen", setCouriers),
		listed("couriers.scans", "", "items such as DHL:OK=delivered, separated by commas: courier, its word, and in_transit, out_for_delivery, delivered, delivery_failed, exception, returned, lost or ignored", "what the words of couriers mean that report scans; the states themselves need no item", setCourierWords),
		listed("reveal.frame_ancestors", "*", "*, none, or origins such as https://app.example.com or https://*.example.com, separated by commas", "who may show the page of a card in a frame", setFrameAncestors),
		flag("webhooks.allow_private_targets", "false", "webhooks may go to http and private addresses; sandbox only", func(p *Policy) *bool { return &p.AllowPrivateTargets }),
		duration("webhooks.rotation_overlap", "0s", "how long an old signing secret signs beside the new one", func(p *Policy) *time.Duration { return &p.RotationOverlap }),
		flag("webhooks.shipment_event_on_activation", "true", "an activation announces the shipment too", func(p *Policy) *bool { return &p.ShipmentEventOnActivation }),
		written("sandbox.initial_balance", "1000.00", "an amount with at most two decimals", "balance of a new sandbox account", func(p *Policy, v string) error { return setCents(v, &p.InitialBalanceCents) }),
	}
	list = append(list, choice("cards.currency", "USD", "currency of accounts that are opened through the cards API",
		func(p *Policy) *string { return &p.CardsCurrency }, "USD", "EUR", "GBP", "MXN", "BRL", "CAD", "COP", "HKD", "SGD"))
	list = append(list, activationPageSettings()...)
	list = append(list, faultSettings()...)
	list = append(list, vaultSettings()...)
	list = append(list, debitSettings()...)
	for _, tier := range Tiers() {
		list = append(list, written("rate_limits."+tier, "", "unlimited, or requests a second/minute/day such as 20/600/500000", "rate of the "+tier+" tier of the cards API",
			func(p *Policy, v string) error { return setWindows(p, tier, v) }))
	}
	return list
}

func debitSettings() []Setting {
	return []Setting{
		written("debit.time_zone", "America/Mexico_City", "an IANA time zone", "zone of timestamps and dates of the debit API", func(p *Policy, v string) error {
			zone, err := time.LoadLocation(v)
			if err != nil || v == "" || v == "Local" {
				return errors.New("no such time zone")
			}
			p.Debit.TimeZone = zone
			return nil
		}),
		choice("debit.activation_payload", "documented", "what an activation answers", func(p *Policy) *string { return &p.Debit.ActivationPayload }, "documented", "strict", "numeric"),
		choice("debit.activation_gate", "created", "when a card of a bulk order may be activated", func(p *Policy) *string { return &p.Debit.ActivationGate }, "created", "left_bureau"),
		flag("debit.require_activation_code", "false", "activation by identifier and batch asks for the code too", func(p *Policy) *bool { return &p.Debit.RequireActivationCode }),
		choice("debit.identifier_scope", "batch", "where a card_identifier must be unique", func(p *Policy) *string { return &p.Debit.IdentifierScope }, "batch", "program"),
		number("debit.max_cards_per_customer", "0", 0, 1_000_000, "cards that one customer may hold; 0 is no limit", func(p *Policy) *int { return &p.Debit.MaxCardsPerCustomer }),
		choice01("debit.webhook_cards", "off", "the batch webhook names the cards of small batches", func(p *Policy) *bool { return &p.Debit.WebhookCards }),
		choice01of("debit.reveal_card", "masked", "full", "whether answers hold card numbers and CVVs in full; every full answer is audited", func(p *Policy) *bool { return &p.Debit.RevealCard }),
		choice01("debit.view_pin", "off", "a holder may read the PIN back; counts for PINs that are set from then on", func(p *Policy) *bool { return &p.Debit.ViewPIN }),
		choice01of("debit.stop_repeat", "skip", "conflict", "a stop of a card that is stopped already at that level changes nothing, or is refused", func(p *Policy) *bool { return &p.Debit.StopRepeatConflicts }),
		choice01("debit.composite", "off", "customers may have composite balances", func(p *Policy) *bool { return &p.Debit.Composite }),
		amount("debit.overlimit_cents", "0", "cents by which the credit_limit of a composite parent is above its credit_line", func(p *Policy) *int64 { return &p.Debit.OverlimitCents }),
		number("debit.billing_day", "24", 1, 28, "day of the month on which credit lines are billed", func(p *Policy) *int { return &p.Debit.BillingDay }),
		number("debit.due_days", "20", 0, 365, "days from billing to when it is due", func(p *Policy) *int { return &p.Debit.DueDays }),
		amount("debit.monthly_transfer_cents", "0", "cents that one customer may transfer to others in a calendar month; 0 is no limit", func(p *Policy) *int64 { return &p.Debit.MonthlyTransferCents }),
		chosen("debit.customer_auth", "external", "external or internal", "who checks that customers are who they say: the programme, or this server", func(p *Policy, v string) error {
			var who string
			err := oneOf(v, &who, "external", "internal")
			p.Debit.InternalAuth = who == "internal"
			return err
		}, "external", "internal"),
		duration("debit.customer_token_ttl", "24h", "lifetime of a customer's token", func(p *Policy) *time.Duration { return &p.Debit.CustomerTokenTTL }),
		duration("debit.refresh_token_ttl", "2160h", "lifetime of a customer's refresh token", func(p *Policy) *time.Duration { return &p.Debit.RefreshTokenTTL }),
		number("debit.token_rate_per_minute", "30", 0, 1_000_000, "requests a minute of one customer to the token endpoints; 0 is unlimited", func(p *Policy) *int { return &p.Debit.TokenRatePerMinute }),
		flag("debit.require_tax_id", "false", "a personal account needs an RFC or a CURP", func(p *Policy) *bool { return &p.Debit.RequireTaxID }),
		flag("debit.rfc_check_digit", "false", "the check digit of an RFC is tested", func(p *Policy) *bool { return &p.Debit.RFCCheckDigit }),
		chosen("debit.id_bits", "31", "31 or 53", "size of the random numbers that stand for customers, cards and balances", func(p *Policy, v string) error {
			var bits string
			err := oneOf(v, &bits, "31", "53")
			p.Debit.IDBits, _ = strconv.Atoi(bits)
			return err
		}, "31", "53"),
		number("debit.rate_per_second", "50", 0, 1_000_000, "requests a second of one credential of the debit API; 0 is unlimited", func(p *Policy) *int { return &p.Debit.RatePerSecond }),
		number("debit.rate_burst", "100", 1, 1_000_000, "requests that one credential may send at once", func(p *Policy) *int { return &p.Debit.RateBurst }),
		chosen("pin.weak", "allow", "allow or reject", "whether easily guessed PINs are taken", func(p *Policy, v string) error {
			var mode string
			err := oneOf(v, &mode, "allow", "reject")
			p.PIN.RejectWeak = mode == "reject"
			return err
		}, "allow", "reject"),
		flag("pin.required_at_activation", "false", "an activation that leaves the card without a PIN is refused", func(p *Policy) *bool { return &p.PIN.RequiredAtActivation }),
	}
}

func oneOf[T ~string](v string, to *T, allowed ...T) error {
	for _, a := range allowed {
		if v == string(a) {
			*to = a
			return nil
		}
	}
	return errors.New("not one of its values")
}

var (
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	courierCode = regexp.MustCompile(`^(DHL|FEDEX|POSTAL)$`)
	versionDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

func list(v string, to *[]string, form *regexp.Regexp) error {
	*to = nil
	if v == "" {
		return nil
	}
	for _, item := range strings.Split(v, ",") {
		if !form.MatchString(item) {
			return errors.New("an item does not have that form")
		}
		*to = append(*to, item)
	}
	return nil
}

// setCouriers takes a list, or the word for a programme that has no courier at all.
func setCouriers(p *Policy, v string) error {
	if p.NoCourier = v == "none"; p.NoCourier {
		v = ""
	}
	return list(v, &p.ShippingCouriers, courierCode)
}

// setApprovals takes actions that have a second person.
func setApprovals(p *Policy, v string) error {
	p.Approvals.Actions = nil
	for item := range strings.SplitSeq(v, ",") {
		if item == "" {
			continue
		}
		if !slices.Contains(approval.Actions(), approval.Action(item)) {
			return errors.New("there is no such action")
		}
		p.Approvals.Actions = append(p.Approvals.Actions, approval.Action(item))
	}
	return nil
}

func setVersions(p *Policy, v string) error {
	if v == "" {
		return errors.New("at least one version")
	}
	return list(v, &p.AcceptedVersions, versionDate)
}

func setLockSteps(p *Policy, v string) error {
	var steps []time.Duration
	for _, item := range strings.Split(v, ",") {
		d, err := time.ParseDuration(item)
		if err != nil || d < time.Second || d > 365*24*time.Hour {
			return errors.New("not durations from 1s to a year")
		}
		steps = append(steps, d)
	}
	p.Activation.LockSteps = steps
	return nil
}

func setCents(v string, to *int64) error {
	whole, frac, _ := strings.Cut(v, ".")
	if len(frac) > 2 || whole == "" || len(whole) > 12 || strings.Trim(whole+frac, "0123456789") != "" {
		return errors.New("not such an amount")
	}
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	if err != nil {
		return errors.New("not such an amount")
	}
	*to = n
	return nil
}

func setWindows(p *Policy, tier, v string) error {
	if v == "unlimited" {
		p.RateLimits[tier] = Windows{}
		return nil
	}
	parts := strings.Split(v, "/")
	if len(parts) != 3 {
		return errors.New("not three numbers")
	}
	var n [3]int
	for i, s := range parts {
		var err error
		if n[i], err = strconv.Atoi(s); err != nil || n[i] < 1 || n[i] > 1_000_000_000 {
			return errors.New("not numbers from 1 on")
		}
	}
	p.RateLimits[tier] = Windows{n[0], n[1], n[2]}
	return nil
}
