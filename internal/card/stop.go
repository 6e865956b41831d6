package card

import (
	"maps"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Stop is why a card may not be used, for now or for good, whoever stopped it and through whichever door.
type Stop string

// The stops. The debit API has a number for each (debit contract §6).
const (
	StopNone            Stop = ""
	StopLost            Stop = "lost"
	StopStolen          Stop = "stolen"
	StopQuery           Stop = "pending_query"
	StopConsolidated    Stop = "consolidated"
	StopInactive        Stop = "inactive"
	StopPINTries        Stop = "pin_tries"
	StopSuspectedFraud  Stop = "suspected_fraud"
	StopReplaced        Stop = "replaced"
	StopReissued        Stop = "reissued"
	StopScheduled       Stop = "scheduled"
	StopOfflinePINTries Stop = "offline_pin_tries"
	StopFrozenByHolder  Stop = "frozen_by_holder"
	StopFrozenByProgram Stop = "frozen_by_program"
	StopArrears         Stop = "account_in_arrears"
	StopDamaged         Stop = "damaged"
	StopCompliance      Stop = "compliance_hold"
	StopAccountClosed   Stop = "account_closed"
	StopFraudConfirmed  Stop = "fraud_confirmed"
)

// forGood is the level of the stops that nobody lifts.
const forGood = 5

// stopRule is what a stop does: how strong it is, who lifts it, and which facts of the card it sets. A stop
// is never stored itself; it is read back from those facts, so that every door sees the same.
type stopRule struct {
	level       int
	holderLifts bool // else only the programme does
	freeze      By
	block       BlockType
	report      CloseReason // lost, stolen
	closes      CloseReason
}

// stops is the whole table.
var stops = map[Stop]stopRule{
	StopLost:            {level: forGood, block: BlockLost, report: ClosedLost},
	StopStolen:          {level: forGood, block: BlockStolen, report: ClosedStolen},
	StopQuery:           {level: 2, holderLifts: true, block: BlockQuery},
	StopConsolidated:    {level: forGood, closes: ClosedConsolidated},
	StopInactive:        {level: 2, holderLifts: true, block: BlockInactive},
	StopPINTries:        {level: 3, block: BlockPINTries},
	StopSuspectedFraud:  {level: 4, block: BlockSuspectedFraud},
	StopReplaced:        {level: forGood, closes: ClosedForReplacement},
	StopReissued:        {level: forGood, closes: ClosedForReissue},
	StopScheduled:       {level: 2, holderLifts: true, block: BlockScheduled},
	StopOfflinePINTries: {level: 3, block: BlockOfflinePINTries},
	StopFrozenByHolder:  {level: 1, holderLifts: true, freeze: ByHolder},
	StopFrozenByProgram: {level: 2, freeze: ByPartner},
	StopArrears:         {level: 2, block: BlockArrears},
	StopDamaged:         {level: 3, block: BlockDamaged},
	StopCompliance:      {level: 4, block: BlockCompliance},
	StopAccountClosed:   {level: forGood, closes: ClosedAccount},
	StopFraudConfirmed:  {level: forGood, closes: ClosedFraud},
}

// stopByBlock and stopByClose read a stop back from what it set.
var (
	stopByBlock = byFact(func(r stopRule) []BlockType { return []BlockType{r.block} })
	stopByClose = byFact(func(r stopRule) []CloseReason { return []CloseReason{r.closes, r.report} })
)

func byFact[F ~string](facts func(stopRule) []F) map[F]Stop {
	out := map[F]Stop{}
	for s, rule := range stops {
		for _, f := range facts(rule) {
			if f != "" {
				out[f] = s
			}
		}
	}
	return out
}

// Stops lists the stops, in no particular order.
func Stops() []Stop { return slices.Collect(maps.Keys(stops)) }

// Level is how strong a stop is: from 1, the holder's own freeze, to 5, for good; 0 is none. A stronger
// one takes the place of a weaker one, and nothing else does.
func (s Stop) Level() int { return stops[s].level }

// ForGood reports whether nobody lifts the stop.
func (s Stop) ForGood() bool { return s.Level() == forGood }

// HolderLifts reports whether the holder lifts the stop; the programme lifts all that are not for good.
func (s Stop) HolderLifts() bool { return stops[s].holderLifts }

// Closes reports whether the stop closes the card. Lost and stolen ones stay open to be retired.
func (s Stop) Closes() bool { return stops[s].closes != "" }

// Stopped is the card under a stop, in the place of any weaker one.
func (c Card) Stopped(s Stop, by By, now time.Time) Card {
	rule := stops[s]
	c.FrozenBy, c.Block = rule.freeze, Block{}
	if rule.block != "" {
		c.Block = Block{Type: rule.block, By: by, Liftable: rule.level < forGood}
	}
	if rule.report != "" {
		c.ReportedAs = rule.report
	}
	if rule.closes != "" {
		c = c.Close(rule.closes, now)
	}
	return c
}

// Lifted is the card without the stop that stands. A weaker one that another door set stays.
func (c Card) Lifted() Card {
	if c.blockStop().Level() >= c.freezeStop().Level() {
		c.Block = Block{}
	} else {
		c.FrozenBy = ""
	}
	return c
}

// Close ends the card. A PIN that waits for its verifier or to be shown is erased.
func (c Card) Close(reason CloseReason, now time.Time) Card {
	c.ClosedAt, c.ClosedReason, c.PINSealed, c.PINViewable = now, reason, nil, false
	return c
}

// Stop is the strongest stop of the card by its own facts; see [View.Stop].
func (c Card) Stop() Stop {
	for _, reason := range []CloseReason{c.ClosedReason, c.ReportedAs} {
		if s, ok := stopByClose[reason]; ok {
			return s
		}
	}
	block, freeze := c.blockStop(), c.freezeStop()
	if block.Level() >= freeze.Level() {
		return block
	}
	return freeze
}

// blockStop names a block; one of a kind that has no name of its own is the partner's freeze or a
// suspicion of the issuer.
func (c Card) blockStop() Stop {
	if c.Block == (Block{}) {
		return StopNone
	}
	if s, ok := stopByBlock[c.Block.Type]; ok {
		return s
	}
	if c.Block.Type == BlockByPartner || c.Block.By == ByPartner {
		return StopFrozenByProgram
	}
	return StopSuspectedFraud
}

func (c Card) freezeStop() Stop {
	switch c.FrozenBy {
	case "":
		return StopNone
	case ByHolder:
		return StopFrozenByHolder
	case ByPartner:
		return StopFrozenByProgram
	case ByIssuer:
	}
	return StopSuspectedFraud
}

// BlockChange is one row of a card's block history: a stop that was set or lifted.
type BlockChange struct {
	Card    ident.CardID
	ID      ident.UUID
	At      time.Time // on the programme's clock
	Actor   string    // as in audit rows
	Channel string    // as in audit rows
	Was, Is Stop
	Note    string
}
