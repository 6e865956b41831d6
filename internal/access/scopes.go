package access

import "slices"

// Scope is what a key of the native API may do: look at one sort of thing, or change it.
type Scope string

// The scopes.
const (
	CardsRead        Scope = "cards:read"        // cards with their plastics, parcels and guards
	CardsWrite       Scope = "cards:write"       // freeze and block
	ActivationsRead  Scope = "activations:read"  // the guard of one card, and whether it may be activated
	ActivationsWrite Scope = "activations:write" // activate
	GuardsWrite      Scope = "guards:write"      // give a guard its tries back
	CodesRecover     Scope = "codes:recover"     // read activation codes back, or get new ones
	EventsRead       Scope = "events:read"       // follow what is announced
	WebhooksRead     Scope = "webhooks:read"     // webhooks with what went there
	WebhooksWrite    Scope = "webhooks:write"    // change them, and send again
	BatchesRead      Scope = "batches:read"      // bulk orders and their items
	BatchesWrite     Scope = "batches:write"     // order cards in bulk, cancel an order
	AuditRead        Scope = "audit:read"        // the trail of the programme, and what proves it
	ApprovalsRead    Scope = "approvals:read"    // what was asked for, and what was said to it
	ApprovalsWrite   Scope = "approvals:write"   // say yes or no to what another key asked for
	SandboxWrite     Scope = "sandbox:write"     // the clock of a sandbox programme, its parcels and its scenarios
	ShipmentsRead    Scope = "shipments:read"    // shipments with what lies in them, and their scans
	ShipmentsWrite   Scope = "shipments:write"   // cancel a shipment, or send it elsewhere
	CustomersRead    Scope = "customers:read"    // who holds cards
	CustomersWrite   Scope = "customers:write"   // add customers
	AccountsRead     Scope = "accounts:read"     // accounts with what is in them
	AccountsWrite    Scope = "accounts:write"    // open accounts
	ScansWrite       Scope = "scans:write"       // report scans, as couriers do
	ProgramRead      Scope = "program:read"      // the programme itself
	PoliciesRead     Scope = "policies:read"     // its policies, and who changed them
	PoliciesWrite    Scope = "policies:write"    // change them
	DesignsRead      Scope = "designs:read"      // the designs of cards
	DesignsWrite     Scope = "designs:write"     // add designs, retire them
	KeysRead         Scope = "keys:read"         // the keys of the programme, without their secrets
	KeysWrite        Scope = "keys:write"        // issue keys, change, replace and revoke them
)

// The scopes that only a key of the installation may have.
const (
	ProgramsRead  Scope = "programs:read"  // all programmes
	ProgramsWrite Scope = "programs:write" // make programmes, suspend them, give them keys
)

// Scopes lists the scopes of a programme's keys.
func Scopes() []Scope {
	return []Scope{
		CardsRead, CardsWrite,
		ActivationsRead, ActivationsWrite, GuardsWrite, CodesRecover,
		EventsRead, WebhooksRead, WebhooksWrite,
		BatchesRead, BatchesWrite, ShipmentsRead, ShipmentsWrite, ScansWrite,
		CustomersRead, CustomersWrite, AccountsRead, AccountsWrite,
		AuditRead, ApprovalsRead, ApprovalsWrite, SandboxWrite,
		ProgramRead, PoliciesRead, PoliciesWrite, DesignsRead, DesignsWrite, KeysRead, KeysWrite,
	}
}

// InstallationScopes lists what a key of the installation may have: its own scopes, and those that it may give to keys of programmes.
func InstallationScopes() []Scope { return append([]Scope{ProgramsRead, ProgramsWrite}, Scopes()...) }

// validScopes puts a list of scopes in order, without repeats. A key that may do nothing is none.
func validScopes(list, allowed []Scope) ([]Scope, bool) {
	var out []Scope
	for _, s := range allowed {
		if slices.Contains(list, s) {
			out = append(out, s)
		}
	}
	for _, s := range list {
		if !slices.Contains(out, s) {
			return nil, false
		}
	}
	return out, len(out) > 0
}
