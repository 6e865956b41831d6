package cardsapi

import (
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Announce puts an event into the words of this door (contract §21.5). Its data is the resource as GET
// shows it right after the change.
func Announce(e event.Event) []event.Draft {
	var out []event.Draft
	switch e.Name {
	case event.CardActivated:
		out = cardWords(e)
		if e.Program.Policy.ShipmentEventOnActivation {
			out = append(out, shipmentWordsOf(e)...)
		}
	case event.CardClosed:
		out = append(cardWords(e), shipmentWordsOf(e)...)
	case event.CardStopped:
		if !e.Card.Stop().ForGood() { // else card.closed says it
			out = cardWords(e)
		}
	case event.CardUnstopped, event.CardFrozen, event.CardUnfrozen, event.CardBlocked, event.CardUnblocked, event.CardExpired, event.CardRestored, event.CardCanceled:
		out = cardWords(e)
	case event.ShipmentPlaced, event.ShipmentMoved, event.ShipmentMemberMoved, event.ShipmentReshipped:
		out = shipmentWordsOf(e)
	case event.ApplicationDecided:
		if e.Customer != nil {
			out = append(out, words("USER_APPLICATION_STATUS_UPDATED", showUser, *e.Customer))
		}
	case event.AccountStatusChanged:
		if e.Account != nil {
			out = append(out, words("ACCOUNT_STATUS_UPDATED", showAccount, *e.Account))
		}
	case event.TransactionCreated:
		out = transactionWords("CARD_TRANSACTION_CREATED", e)
	case event.TransactionUpdated:
		out = transactionWords("CARD_TRANSACTION_UPDATED", e)
	case event.ChallengeCreated:
		if e.Challenge != nil {
			out = append(out, words("CARD_3DS_CHALLENGE_CREATED", showChallenge, spending.ChallengeAt{Challenge: *e.Challenge, At: e.At}))
		}
	case event.DepositCreated:
		if e.Deposit != nil {
			out = append(out, words("FIAT_DEPOSIT_CREATED", showDeposit, *e.Deposit))
		}
	case event.ChallengeAnswered, event.CardCreated, event.ActivationFailed, event.ActivationLocked, event.CodeRead, event.CodeRenewed, event.CardDamaged, event.CardReissued, event.GuardReset, event.CardPINSet,
		event.CardRevealed, event.CVVRotated, event.CardOrdered, event.CardPINViewed, event.CodeRequested, event.TokensEnded,
		event.BatchAccepted, event.BatchFinished, event.BatchCanceled, event.CustomerCreated, event.CustomerDeleted, event.AccountCreated, event.AccountMoved, event.LineChanged, event.GuessingSuspected,
		event.ApprovalAsked, event.ApprovalApproved, event.ApprovalRefused, event.ApprovalUsed:
	}
	return out
}

// cardWords tells of a card that people of this door can see: one with a customer.
func cardWords(e event.Event) []event.Draft {
	if e.Card == nil || e.Card.Card.Customer.IsZero() {
		return nil
	}
	return []event.Draft{words("CARD_STATUS_UPDATED", showCard, issuance.CardAt{View: *e.Card, At: e.At})}
}

// transactionWords tells of a use of a card.
func transactionWords(kind string, e event.Event) []event.Draft {
	if e.Transaction == nil {
		return nil
	}
	return []event.Draft{words(kind, showTransaction, *e.Transaction)}
}

// shipmentWordsOf tells of a shipment of this door; the box of a bulk order is none.
func shipmentWordsOf(e event.Event) []event.Draft {
	if e.Box == nil || e.Box.Shipment.Kind != shipment.OfCards {
		return nil
	}
	return []event.Draft{words("CARD_SHIPMENT_STATUS_UPDATED", showBox, *e.Box)}
}

// words is the envelope of contract §21.2. The data is rendered now, as things stand.
func words[T any](kind string, show func(*wirejson.Writer, T), v T) event.Draft {
	data := body(show, v)
	return event.Draft{Door: event.CardsDoor, Type: kind, Body: func(id ident.EventID) []byte {
		w := wirejson.NewWriter(nil)
		w.BeginObject()
		w.Key("id").String(string(id))
		w.Key("type").String(kind)
		w.Key("data").Raw(data)
		w.EndObject()
		return w.Bytes()
	}}
}
