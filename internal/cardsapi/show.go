package cardsapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// body renders one resource.
func body[T any](show func(*wirejson.Writer, T), v T) []byte {
	w := wirejson.NewWriter(nil)
	show(w, v)
	return w.Bytes()
}

// showCard writes the Card of contract §10.1, member by member as printed there.
func showCard(w *wirejson.Writer, c issuance.CardAt) {
	status := c.Card.Status(c.At)
	w.BeginObject()
	w.Key("id").String(c.Card.ID.String())
	w.Key("accountId")
	showID(w, c.Card.Account.UUID)
	w.Key("userId")
	showID(w, c.Card.Customer.UUID)
	w.Key("type").String(cardType(c.Card.Type))
	w.Key("cardDesignId")
	showID(w, c.Card.Design.UUID)
	w.Key("status").String(cardStatus(status))
	w.Key("blockReason")
	if cardStatus(status) == "BLOCKED" {
		showBlockReason(w, c.Card)
	} else {
		w.Null()
	}
	w.Key("blockLiftable").Bool(status == card.Blocked && c.Card.Block.Liftable)
	w.Key("frozen").Bool(c.Card.FrozenBy != "")
	w.Key("cardholderName").String(c.Card.HolderName)
	w.Key("last4").StringOrNull(c.Card.Last4) // a programme may keep its numbers elsewhere
	w.Key("3dsChallengeMethod").String(c.Card.ThreeDS)
	w.Key("physicalCardStatus").StringOrNull(string(c.Physical()))
	w.Key("createdAt")
	showTime(w, c.Card.CreatedAt)
	w.Key("updatedAt")
	showTime(w, c.UpdatedAt())
	w.EndObject()
}

// cardStatus is the wire word of a credential's state. Closed otherwise than by delete reads as blocked.
func cardStatus(s card.Status) string {
	switch s {
	case card.Closed, card.Blocked:
		return "BLOCKED"
	case card.Expired:
		return "EXPIRED"
	case card.Frozen:
		return "FROZEN"
	case card.Open, card.Unassigned:
	}
	return "ACTIVE"
}

// showBlockReason writes why a card reads as blocked: how it was closed, or its block.
func showBlockReason(w *wirejson.Writer, c card.Card) {
	kind, message := blockWords(c.Block)
	switch c.ClosedReason {
	case "":
	case card.ClosedDeleted:
		kind, message = "CARD_DELETED", "The card was deleted."
	case card.ClosedLost:
		kind, message = "CARD_LOST", "The card was reported lost."
	case card.ClosedStolen:
		kind, message = "CARD_STOLEN", "The card was reported stolen."
	case card.ClosedReplaced:
		kind, message = "CARD_REPLACED", "The card was replaced."
	case card.ClosedFraud:
		kind, message = string(card.BlockFraudConfirmed), "Fraud is confirmed."
	case card.ClosedRetired, card.ClosedOther, card.ClosedConsolidated, card.ClosedForReplacement, card.ClosedForReissue, card.ClosedAccount:
		kind, message = "CARD_CLOSED", "The card was closed."
	}
	w.BeginObject()
	w.Key("type").String(kind)
	w.Key("message").String(message)
	w.EndObject()
}

// blockWords are the words of this API for a block. One that another door set, and that it has no word for, is told
// by who set it.
func blockWords(b card.Block) (kind, message string) {
	kind, message = string(b.Type), b.Message
	if message == "" {
		message = "The card was stopped."
	}
	switch b.Type {
	case card.BlockQuery, card.BlockInactive, card.BlockScheduled, card.BlockOfflinePINTries, card.BlockArrears, card.BlockDamaged, card.BlockCompliance:
		kind = string(card.BlockOther)
		if b.By == card.ByPartner {
			kind = string(card.BlockByPartner)
		}
	case card.BlockSuspectedFraud, card.BlockFraudConfirmed, card.BlockOther, card.BlockByPartner, card.BlockPINTries, card.BlockLost, card.BlockStolen:
	}
	return kind, message
}

func cardType(t card.Type) string {
	if t == card.Virtual {
		return "VIRTUAL"
	}
	return "PHYSICAL"
}

// showUser writes the User of contract §16.
func showUser(w *wirejson.Writer, c customer.Customer) {
	w.BeginObject()
	w.Key("id").String(c.ID.String())
	w.Key("externalId").StringOrNull(c.ExternalID)
	w.Key("email").StringOrNull(c.Email)
	w.Key("phoneNumber").StringOrNull(c.Phone)
	w.Key("firstName").StringOrNull(c.FirstName)
	w.Key("lastName").StringOrNull(c.LastName)
	w.Key("country").StringOrNull(c.Country)
	w.Key("dateOfBirth").StringOrNull(c.DateOfBirth)
	w.Key("companyId")
	showID(w, c.Company.UUID)
	w.Key("application").BeginObject()
	w.Key("status").String(string(c.Application))
	w.Key("rejectionReason").StringOrNull(c.RejectionReason)
	w.Key("documents").Null()
	w.EndObject()
	w.Key("createdAt")
	showTime(w, c.CreatedAt)
	w.Key("updatedAt")
	showTime(w, c.UpdatedAt)
	w.EndObject()
}

// showAccount writes the Account of contract §17.
func showAccount(w *wirejson.Writer, a account.Account) {
	w.BeginObject()
	w.Key("id").String(a.ID.String())
	w.Key("status").String(accountStatus(a.Status))
	w.Key("ownerType").String(ownerType(a.OwnerKind))
	w.Key("ownerId")
	showID(w, a.Owner.UUID)
	w.Key("chainAddresses").BeginArray()
	w.EndArray()
	w.Key("createdAt")
	showTime(w, a.CreatedAt)
	w.Key("updatedAt")
	showTime(w, a.UpdatedAt)
	w.EndObject()
}

func accountStatus(s account.Status) string {
	if s == account.Active {
		return "ACTIVE"
	}
	return "RESTRICTED"
}

func ownerType(o account.Owner) string {
	switch o {
	case account.OwnerCompany:
		return "COMPANY"
	case account.OwnerProgram:
		return "PROJECT"
	case account.OwnerUser:
	}
	return "USER"
}

// shipmentStatus is the wire word of a shipment's state (contract §13.2).
func shipmentStatus(s shipment.Status) string {
	for _, word := range shipmentWords {
		for _, state := range word.states {
			if state == s {
				return word.name
			}
		}
	}
	return ""
}

// shipmentWords are the wire words of shipments, with the states that each stands for.
var shipmentWords = []struct {
	name   string
	states []shipment.Status
}{
	{"DRAFT", []shipment.Status{shipment.Draft}},
	{"PLACED", []shipment.Status{shipment.Placed}},
	{"IN_PRODUCTION", []shipment.Status{shipment.InProduction}},
	{"READY_TO_SHIP", []shipment.Status{shipment.ReadyToShip}},
	{"IN_TRANSIT", []shipment.Status{shipment.InTransit}},
	{"OUT_FOR_DELIVERY", []shipment.Status{shipment.OutForDelivery}},
	{"DELIVERED", []shipment.Status{shipment.Delivered}},
	{"DELIVERY_FAILED", []shipment.Status{shipment.DeliveryFailed, shipment.Returned}},
	{"EXCEPTION", []shipment.Status{shipment.Exception, shipment.Lost}},
	{"CANCELED", []shipment.Status{shipment.Canceled}},
}

// productionStatus is the wire word of a member's making (contract §13.1).
func productionStatus(p card.Packed) string {
	if p.Member.Rejected() {
		return "BULK_SHIP_REJECTED"
	}
	if p.Plastic.EverActivated() {
		return "ACTIVATED"
	}
	switch p.Plastic.State {
	case card.Requested:
		return "REQUESTED"
	case card.InProduction:
		return "IN_PRODUCTION"
	case card.OnHold:
		return "ON_HOLD"
	case card.Produced, card.HandedOver:
		return "COMPLETED"
	case card.Canceled, card.Void:
		return "CANCELED"
	case card.Activated, card.Retired:
		return "ACTIVATED"
	case card.Planned, card.Rejected:
	}
	return "PENDING"
}

// showBox writes the Shipment of contract §14.1 with its cards.
func showBox(w *wirejson.Writer, b card.Box) {
	updated := b.Shipment.UpdatedAt
	for _, p := range b.Packed {
		updated = later(updated, memberUpdated(p))
	}
	w.BeginObject()
	shipmentMembers(w, b.Shipment, updated)
	w.Key("cards").BeginArray()
	for _, p := range b.Packed {
		showMember(w, p)
	}
	w.EndArray()
	w.EndObject()
}

// showShipment writes a Shipment as an item of a list: without its cards, and with the time that it has with them.
func showShipment(w *wirejson.Writer, s issuance.ListedShipment) {
	w.BeginObject()
	shipmentMembers(w, s.Shipment, s.ChangedAt)
	w.EndObject()
}

func shipmentMembers(w *wirejson.Writer, s shipment.Shipment, updated time.Time) {
	w.Key("id").String(s.ID.String())
	w.Key("status").String(shipmentStatus(s.Status))
	w.Key("destinationAddress")
	showAddress(w, s.Destination)
	w.Key("recipient").BeginObject()
	w.Key("firstName").String(s.Recipient.FirstName)
	w.Key("lastName").String(s.Recipient.LastName)
	w.Key("phoneNumber").String(s.Recipient.PhoneNumber)
	w.Key("dialCode").Int(int64(s.Recipient.DialCode))
	w.Key("email").String(s.Recipient.Email)
	w.EndObject()
	w.Key("courier").BeginObject()
	w.Key("type").String(s.Courier.Type)
	w.Key("name").StringOrNull(s.Courier.Name)
	w.EndObject()
	w.Key("trackingNumber").StringOrNull(s.TrackingNumber)
	w.Key("trackingUrl").StringOrNull(s.TrackingURL)
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"cutoffDate", s.CutoffAt}, {"createdAt", s.CreatedAt}, {"updatedAt", updated}, {"submittedAt", s.SubmittedAt}, {"deliveredAt", s.DeliveredAt}} {
		w.Key(m.name)
		showTime(w, m.at)
	}
}

func showAddress(w *wirejson.Writer, a shipment.Address) {
	w.BeginObject()
	w.Key("line1").String(a.Line1)
	w.Key("line2").StringOrNull(a.Line2)
	w.Key("zone").StringOrNull(a.Zone)
	w.Key("city").String(a.City)
	w.Key("postalCode").StringOrNull(a.PostalCode)
	w.Key("country").String(a.Country)
	w.EndObject()
}

func showMember(w *wirejson.Writer, p card.Packed) {
	w.BeginObject()
	w.Key("id").String(p.Member.ID.String())
	w.Key("cardId").String(p.Member.Card.String())
	w.Key("cardDesignId")
	showID(w, p.Member.Design.UUID)
	w.Key("shippingAddress")
	showAddress(w, p.Member.Address)
	w.Key("productionStatus").String(productionStatus(p))
	w.Key("rejectedAt")
	showTime(w, p.Member.RejectedAt)
	w.Key("rejectionReason").StringOrNull(p.Member.RejectionReason)
	w.Key("createdAt")
	showTime(w, p.Member.CreatedAt)
	w.Key("updatedAt")
	showTime(w, memberUpdated(p))
	w.EndObject()
}

// memberUpdated is the newest change of anything visible of a member: its plastic counts until the
// shipment has refused it.
func memberUpdated(p card.Packed) time.Time {
	if p.Member.Rejected() {
		return p.Member.UpdatedAt
	}
	return later(p.Member.UpdatedAt, p.Plastic.UpdatedAt)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
