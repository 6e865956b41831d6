package audit

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// The channels through which something may come.
const (
	ChannelCards      = "cards"
	ChannelDebit      = "debit"
	ChannelNative     = "native"
	ChannelPage       = "page"    // the activation page
	ChannelConsole    = "console" // the operator console
	ChannelSimulation = "simulation"
	ChannelCLI        = "cli"
	ChannelWorker     = "worker"
)

// OK is the outcome of a command that was not refused.
const OK = "ok"

// Row is one line of the audit trail.
type Row struct {
	ID      ident.UUID
	Program ident.ProgramID // zero for acts on the whole installation
	At      time.Time       // on the programme's clock
	// OnBehalfOf is whom the caller says that it acts for, in its own words: an operator or customer of the partner. "" is nobody.
	OnBehalfOf string
	Actor      string // "key:<public id>", "worker:<name>", "operator:<name>"
	Channel    string
	Source     string // address of the caller; "" for workers
	RequestID  string
	Action     string // thing and verb: card.activate
	Card       ident.CardID
	Customer   ident.CustomerID
	Shipment   ident.ShipmentID
	Batch      ident.BatchID
	Outcome    string // OK, or the name of the reason
	Note       string // what the caller gave as reason, or a fact worth keeping (device, tries left)
}
