package sqlstore

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// allTexts is every SQL text that runs while the house is open, by what it is for.
func allTexts() map[string]string {
	texts := map[string]string{
		"program": selectProgram, "program by name": selectProgramByName, "overrides": selectOverrides, "update clock": updateClock,
		"credential by hash": selectCredentialByHash, "credentials": selectCredentials, "credential by public id": selectCredentialByPublicID,
		"design": selectDesign, "default design": selectDefaultDesign, "design by campaign": selectDesignByCampaign,
		"campaign of another": campaignOfElse,
		"customer":            selectCustomer, "customer by number": selectCustomerByNumber, "claim": selectClaim, "own claim": selectOwnClaim, "drop claim": deleteClaim, "held": countHeld,
		"account": selectAccount, "account by number": selectAccountByNumber,
		"vault entry": selectEntry, "vault entry by index": selectEntryByIndex, "update vault entry": updateEntry,
		"view": selectView, "timed view": selectTimedView, "timed answer": selectTimedAnswer, "view by number": selectViewByNumber, "successor": selectSuccessor, "labelled": selectLabelled, "tracked": selectTracked, "holdings": listHoldings, "block history": selectBlocks,
		"is card": isCard, "is entry": isEntry, "update card": updateCard, "update plastic": updatePlastic, "identifier in batch": identifierInBatch,
		"identifier": identifierInPlaces, "shipment": selectShipment, "packed": selectPacked, "occupied": selectOccupied,
		"scans": selectScans, "plastics in": selectPlasticsIn, "plastics on": selectPlasticsOn, "delete members": deleteMembers,
		"batch": selectBatch, "batch by id": selectBatchByID, "recent batch": selectRecent, "items": selectItems, "first with": selectFirstWith,
		"update item": updateItem, "delete items": deleteItems, "delete staged": deleteStaged,
		"answer": selectAnswer, "mismatch": countMismatch, "count audit": countAudit, "count reads": countReads, "last audit": lastAudit,
		"unsealed log": selectUnsealedLog, "unsealed rows": selectUnsealed, "log behind": selectBehind, "logs behind": selectLogsBehind, "places": selectPlaces, "audit head": selectHead, "audit heads": selectHeads, "move audit head": moveHead,
		"place audit row": placeRow, "audit tile": selectTile, "last audit tile": selectLastTile, "sealed rows": selectSealed,
		"endpoint": selectEndpoint, "endpoints": selectEndpoints, "notice": selectNotice, "failing": selectFailing, "used": usedEndpoint,
		"misses": countMisses, "candidates": selectCandidates, "holder of card": selectHolderOfCard, "holder": selectHolderByID,
		"holder by number": selectHolderByNumber, "balance": selectBalance, "reserved": selectReserved, "mates": selectMatesOfCard,
		"mates by bearer": selectMatesByBearer, "try": countTry, "bind": bindCard, "activate": activatePlastic, "retire": retirePlastic, "renew CVV": renewCVV,
		"feed": selectFeed, "unplaced": selectUnplaced, "place": placeMessage, "last place": selectLast, "save last place": saveLast,
		"waiting messages": selectWaiting, "fanned": markFanned, "targets": selectTargets, "due": selectDue, "busy endpoints": selectBusyEndpoints, "dead": selectDead, "ended": selectEnded, "leased": countLeased,
		"lease": lease, "letter": selectLetter, "delivery": selectDelivery, "attempts": selectAttempts, "replay": replayDelivery, "replay range": replayDeliveries, "delete attempt": deleteAttempt, "delete attempts": deleteAttempts, "finish": finishDelivery, "release": releaseDelivery, "drop": dropDelivery,
		"waiting batch": selectWaitingBatch, "lease batch": leaseBatch, "renew batch": renewBatch, "release batch": releaseBatch,
		"staged": selectStaged, "trim staged": trimStaged,
		"sweep answers": sweepAnswers, "sweep misses": sweepMisses, "done messages": selectDone, "delete deliveries": deleteDeliveries,
		"touch credential": touchCredential, "programme key": selectProgramKey, "count living keys": countLivingKeys,
		"profile": selectProfile, "save profile": saveProfile, "wallet of": selectWalletOf,
		"credential with": selectCredentialWith, "living": selectLiving, "device token": selectDeviceToken, "change credential": changeCredential,
		"drop device tokens": dropDeviceTokens, "customer login": selectCustomerLogin, "update customer login": updateCustomerLogin,
		"user by e-mail": selectUserByEmail, "user by public id": selectUserByPublicID, "user by invite": selectUserByInvite, "users": selectUsers,
		"update user": updateUser, "login": selectLogin, "login of": selectLoginOf, "update login": updateLogin, "sweep logins": sweepLogins,
		"funnels waiting": selectFunnelsWaiting, "funnel mark": selectFunnelMark, "funnel days": selectFunnelDays, "funnel part": selectFunnelPart,
		"funnel cards": selectFunnelCards, "physical cards": selectPhysicalCards, "box size": selectBoxSize, "move funnel mark": moveMark, "failed shipments": selectFailedShipments,
		"quiet shipments": selectQuietShipments, "waiting deliveries": countWaiting, "failing deliveries": countFailing,
		"last policy version": lastPolicyVersion, "policy versions": listPolicyVersions,
		"approval": selectApproval, "open approval": selectOpenApproval, "update approval": updateApproval,
		"reveal link": selectRevealLink, "update reveal link": updateRevealLink, "sweep links": sweepLinks,
		"activation session": selectSession, "activation session of": selectSessionOf, "update activation session": updateSession, "sweep sessions": sweepSessions,
		"staff": selectStaff, "staff by name": selectStaffByName, "staff list": selectStaffList, "update staff": updateStaff,
		"staff session": selectStaffSession, "update staff session": updateStaffSession, "sweep staff sessions": sweepStaffSessions,
		"transaction": selectTransaction, "steps": selectSteps, "update transaction": updateTransaction, "challenge": selectChallenge,
		"update challenge": updateChallenge, "expire challenges": expireChallenges, "account of a card": accountOfCard,
		"position of a card": positionOfCard, "policy of a use": policyOfUse, "spend policy": selectPolicy, "effective policies": selectEffective,
		"count policies": countPolicies, "update policy": updatePolicy, "position": selectPosition, "journal": selectJournal,
		"journal by name": selectByName, "paid": selectPaid, "owed": owedByItself, "owed by children": owedByChildren,
		"account by reference": selectAccountByReference,
		"entries":              selectEntries, "own account": selectOwnAccount,
	}
	for _, c := range sealedColumns() {
		texts["swap "+c.table+"."+c.column] = c.swap
	}
	page := issuance.Page{Limit: 10, After: issuance.Mark{ID: ident.UUID{1}}}
	list := func(name, sql, alias, end string, conditions ...string) {
		l := newListing(sql, ident.UUID{1})
		for _, c := range conditions {
			l.and(c, "x")
		}
		text, _ := l.paged(alias, page)
		texts["list "+name] = text + end
	}
	filter := issuance.AuditFilter{Actor: "a", OnBehalfOf: "d", Action: "b", Outcome: "c", From: time.Unix(1, 0), To: time.Unix(2, 0)}
	texts["list audit"], _ = auditPage(ident.ProgramID{}, filter, page)
	filter.Through = 100
	texts["list audit within reach"], _ = auditPage(ident.ProgramID{}, filter, page)
	texts["reach of audit"], _ = auditReach(ident.ProgramID{}, filter, page.After)
	filter.Card.UUID = ident.UUID{1}
	texts["list audit of a card"], _ = auditPage(ident.ProgramID{}, filter, page)
	list("customers", listCustomers, "u", "")
	list("customers by phone", listCustomers, "u", "", "u.phone <> '' AND u.phone = ")
	list("customers by e-mail", listCustomers, "u", "", "u.email_key <> '' AND u.email_key = ")
	list("customers by external id", listCustomers, "u", "", "u.external_id <> '' AND u.external_id = ")
	name := issuance.NameQuery{Beginning: "a", Words: []string{"b"}, Through: 10}
	texts["named customers"], _ = namedPage(ident.ProgramID{}, name, 10)
	texts["cards of named customers"], _ = cardsOfNamedPage(ident.ProgramID{}, name, "1234", 10)
	list("accounts", listAccounts, "a", "")
	for name, f := range map[string]issuance.MovementFilter{
		"": {}, " of days": {From: time.Unix(1, 0), To: time.Unix(2, 0)}, " of a number": {Number: 7},
	} {
		f.Customer = ident.CustomerID{UUID: ident.UUID{1}}
		texts["movements"+name] = movements(listMovements, ident.ProgramID{UUID: ident.UUID{1}}, f).sql.String() +
			" ORDER BY n.at DESC, n.journal_id DESC LIMIT 10 OFFSET 5"
		texts["count movements"+name] = movements(countMovements, ident.ProgramID{UUID: ident.UUID{1}}, f).sql.String()
	}
	list("accounts of an owner", listAccounts, "a", "", "a.owner_id = ")
	list("keys", strings.Replace(listProgramKeys, "$2", "'cards_key'", 1), "k", "")
	list("designs", listDesigns, "d", "")
	list("cards", listViewsStart, "k", listViewsEnd(page))
	list("cards of a customer", listViewsStart, "k", listViewsEnd(page), "k.customer_id = ")
	list("cards of an account", listViewsStart, "k", listViewsEnd(page), "k.account_id = ")
	list("cards by four digits", listViewsStart, "k", listViewsEnd(page), cardsEndIn)
	list("shipments", listShipments+ofCards, "s", "")
	list("shipments of both kinds", listShipments, "s", "")
	list("batches", listBatches, "b", "")
	list("approvals", listApprovals, "v", "")
	list("spend policies", listPolicies, "o", "")
	for name, state := range map[string]issuance.DeliveryState{"list deliveries": "", "list deliveries by state": issuance.DeliveryExhausted} {
		texts[name], _ = deliveriesPage(ident.EndpointID{UUID: ident.UUID{1}}, state, page)
	}
	return texts
}

// by is the index that a query must use where several would do.
var by = map[string]string{
	"vault entry by index": "card_numbers_pan",
	"list keys":            "credentials_list", "count living keys": "credentials_list",
	"list cards": "cards_list", "list cards of a customer": "cards_customer", "list cards of an account": "cards_account",
	"list cards by four digits": "cards_last4 (program_id=? AND last4=? AND (created_at,id)<(?,?))",
	"list accounts of an owner": "accounts_owner", "movements": "journal_entries_customer", "movements of days": "journal_entries_customer",
	"count movements": "journal_entries_customer", "count movements of days": "journal_entries_customer", "owed by children": "accounts_parent", "recent batch": "batches_recent", "reserved": "SEARCH a USING PRIMARY KEY",
	"list customers": "customers_list", "list customers by phone": "customers_phone", "held": "cards_customer",
	"candidates": "plastics_identifier", "holder by number": "customers_number", "due": "deliveries_due", "busy endpoints": "deliveries_due", "dead": "deliveries_due", "ended": "deliveries_due",
	"wallet of": "accounts_owner", "living": "credentials_living", "device token": "credentials_device", "drop device tokens": "credentials_device", "users": "api_users_list",
	"sweep logins": "api_logins_over", "sweep links": "reveal_links_over", "sweep sessions": "activation_sessions_over", "activation session of": "activation_sessions_cookie", "first with": "batch_items_identifier", "count audit": "audit_card", "unsealed log": "audit_unsealed", "sealed rows": "audit_sealed", "log behind": "audit_sealed", "logs behind": "audit_sealed", "places": "audit_sealed", "list audit of a card": "audit_card", "plastics on": "plastics_box",
	"policy of a use": "spend_policies_active", "effective policies": "spend_policies_active", "count policies": "spend_policies_active",
	"expire challenges": "challenges_waiting", "own account": "accounts_own",
	"staff list": "staff_list", "staff by name": "staff_name", "sweep staff sessions": "staff_sessions_over",
	"named customers": "customers_name", "cards of named customers": "cards_customer (program_id=? AND customer_id=?)",
	"failed shipments": "shipments_failed", "quiet shipments": "shipments_under_way",
	"waiting deliveries": "deliveries_due", "failing deliveries": "deliveries_failing",
	"labelled": "plastics_identifier", "tracked": "shipments_tracking",
	"feed": "messages_feed", "unplaced": "messages_unplaced",
	"list shipments of both kinds": "shipments_all",
	"view by number":               "cards_number", "holdings": "cards_reserved",
	"list deliveries": "deliveries_list", "list deliveries by state": "deliveries_list", "replay range": "deliveries_list",
}

// mayScan are steps that read a whole table or sort, with the reason why that is right.
var mayScan = map[string]string{
	"SCAN (subquery-": "a derived table of few rows",
	"SCAN x":          "a derived table of at most one row more than the limit",
	"SCAN CONSTANT":   "no table",
	"SCAN t":          "a derived table of as many rows as may be looked through",
}

var sorts = map[string]string{
	"candidates": "the cards of one identifier", "mates": "one box", "mates by bearer": "one box",
	"movements of a number": "one movement",
	"endpoints":             "a handful", "targets": "a handful", "notice": "a handful", "occupied": "a handful",
	"policy of a use": "a hundred at most", "effective policies": "three hundred at most",
	"list cards": "one page", "list cards of a customer": "one page", "list cards of an account": "one page", "list cards by four digits": "one page",
	"list audit of a card": "rows of one card and one instant",
	"named customers":      "one page",
	"labelled":             "the cards of one label",
	"funnel cards":         "the cards of one step, and their plastics",
	"view by number":       "one card", "holdings": "the cards of one customer",
}

var scan = regexp.MustCompile(`^SCAN `)

func TestPlans_EveryQueryGoesByAnIndex(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	conn := d.engine.(*sqliteEngine).writer.conn
	err := d.engine.write(t.Context(), func(*session) error {
		for name, sql := range allTexts() {
			stmt, _, err := conn.db.PrepareTransient("EXPLAIN QUERY PLAN " + parameter.ReplaceAllString(sql, "?$1"))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			steps, found := 0, false
			var plan []string
			for {
				more, err := stmt.Step()
				if err != nil || !more {
					break
				}
				steps++
				plan = append(plan, stmt.ColumnText(3))
				found = found || strings.Contains(stmt.ColumnText(3), by[name])
				checkStep(t, name, stmt.ColumnText(3))
			}
			if !found && steps > 0 {
				t.Errorf("%s does not go by %s: %q", name, by[name], plan)
			}
			if steps == 0 && !strings.HasPrefix(sql, "INSERT") {
				t.Errorf("%s has no plan", name)
			}
			if err := stmt.Finalize(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkStep(t *testing.T, name, step string) {
	t.Helper()
	if strings.Contains(step, "TEMP B-TREE") && !strings.Contains(step, "LAST") && sorts[name] == "" {
		t.Errorf("%s sorts: %s", name, step)
	}
	if strings.Contains(step, "AUTOMATIC") {
		t.Errorf("%s builds an index as it goes: %s", name, step)
	}
	if !scan.MatchString(step) {
		return
	}
	for allowed := range mayScan {
		if strings.HasPrefix(step, allowed) {
			return
		}
	}
	if name == "logs behind" && step == "SCAN pr" {
		return // all programmes: each is looked at
	}
	if name == "busy endpoints" || name == "ended" {
		if step == "SCAN e" {
			return // the endpoints of all programmes: few beside what goes to them
		}
	}
	if name == "waiting messages" || name == "waiting batch" || name == "staged" {
		if strings.Contains(step, "USING INDEX") || strings.Contains(step, "USING COVERING INDEX") {
			return // a partial index that holds nothing else
		}
	}
	t.Errorf("%s reads a whole table: %s", name, step)
}
