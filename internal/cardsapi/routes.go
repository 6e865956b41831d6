package cardsapi

import (
	"slices"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
)

// Who may call a route.
const (
	authKey     = "api key"
	authSandbox = "api key of a sandbox"
	authNobody  = "none"
)

// The kinds of route. A key says what Idempotency-Key is here, a tier which rate counts.

func route(method, pattern string, key httpd.Idempotency, tier string, f func(*call) error) httpd.Route {
	return httpd.Route{Method: method, Pattern: pattern, Auth: authKey, Idempotency: key, Tier: tier, Handler: handle(f)}
}

func withBody(method, pattern string, key httpd.Idempotency, tier string, f func(*call) error) httpd.Route {
	r := route(method, pattern, key, tier, f)
	r.MaxBody = maxBody
	return r
}

// secret marks a route whose answer carries a secret.
func secret(r httpd.Route) httpd.Route {
	r.Secret = true
	return r
}

const (
	none, opt, req = httpd.None, httpd.Optional, httpd.Required
	def            = program.TierDefault
)

// routes are the endpoints of contract §9. What is not here does not exist.
func (d *Door) routes() []httpd.Route {
	return slices.Concat(d.peopleRoutes(), d.cardRoutes(), d.designRoutes(), d.shipmentRoutes(), d.spendingRoutes(), d.webhookRoutes(), d.keyRoutes(), d.simulationRoutes(), d.revealRoutes(), []httpd.Route{documentRoute()})
}

func (d *Door) peopleRoutes() []httpd.Route {
	return []httpd.Route{
		withBody("POST", "/users", opt, def, d.createUser),
		route("GET", "/users", none, def, d.listUsers),
		route("GET", "/users/{id}", none, def, d.getUser),
		route("DELETE", "/users/{id}", none, def, d.deleteUser),
		withBody("PUT", "/users/{id}/email", none, def, d.setEmail),
		withBody("PUT", "/users/{id}/phone", none, def, d.setPhone),
		withBody("POST", "/users/{id}/application", opt, program.TierIdentity, d.submitApplication),

		withBody("POST", "/accounts", req, program.TierAccount, d.createAccount),
		route("GET", "/accounts", none, def, d.listAccounts),
		route("GET", "/accounts/{id}", none, def, d.getAccount),
		route("GET", "/accounts/auth-message", none, def, d.refuseFunding),
	}
}

func (d *Door) cardRoutes() []httpd.Route {
	issue, ops := program.TierIssuance, program.TierOperations
	return []httpd.Route{
		withBody("POST", "/cards", req, issue, d.createCard),
		route("GET", "/cards", none, def, d.listCards),
		route("GET", "/cards/{id}", none, def, d.getCard),
		route("DELETE", "/cards/{id}", none, ops, d.deleteCard),
		withBody("POST", "/cards/{id}/activate", httpd.ByPolicy, def, d.activate),
		secret(route("GET", "/cards/{id}/activation-code", none, program.TierRecovery, d.readCode)),
		withBody("PUT", "/cards/{id}/pin", none, ops, d.setPIN),
		withBody("PUT", "/cards/{id}/3ds-challenge-method", none, def, d.setThreeDS),
		withBody("POST", "/cards/{id}/push-provisioning", opt, def, d.pushProvision),
		secret(withBody("POST", "/cards/{id}/reveal", opt, ops, d.reveal)),
		route("POST", "/cards/{id}/freeze", opt, ops, d.freeze),
		route("POST", "/cards/{id}/unfreeze", opt, ops, d.unfreeze),
		withBody("POST", "/cards/{id}/block", opt, ops, d.block),
		route("POST", "/cards/{id}/unblock", opt, ops, d.unblock),
	}
}

func (d *Door) designRoutes() []httpd.Route {
	return []httpd.Route{
		route("GET", "/card-designs", none, def, d.listDesigns),
		route("GET", "/card-designs/{id}", none, def, d.getDesign),
		route("PUT", "/card-designs/{id}/default", none, def, d.setDefaultDesign),
		route("POST", "/card-designs/{id}/set-default", opt, def, d.setDefaultDesign),
	}
}

func (d *Door) shipmentRoutes() []httpd.Route {
	issue, ops := program.TierIssuance, program.TierOperations
	return []httpd.Route{
		withBody("POST", "/card-shipments", opt, ops, d.createShipment),
		route("GET", "/card-shipments", none, def, d.listShipments),
		route("GET", "/card-shipments/{id}", none, def, d.getShipment),
		withBody("PATCH", "/card-shipments/{id}", none, def, d.editShipment),
		route("DELETE", "/card-shipments/{id}", none, def, d.deleteShipment),
		withBody("POST", "/card-shipments/{id}/cards", opt, def, d.addMember),
		route("DELETE", "/card-shipments/{id}/cards/{memberId}", none, def, d.removeMember),
		route("POST", "/card-shipments/{id}/submit", req, issue, d.submitShipment),
	}
}

func (d *Door) spendingRoutes() []httpd.Route {
	return []httpd.Route{
		route("GET", "/accounts/{id}/balance", none, def, d.getBalance),
		route("GET", "/accounts/{id}/assets", none, def, d.getAssets),
		route("GET", "/card-transactions/{id}", none, def, d.getTransaction),
		route("GET", "/card-3ds-challenges/{id}", none, def, d.getChallenge),
		withBody("POST", "/card-3ds-challenges/{id}/respond", opt, def, d.respondChallenge),

		withBody("POST", "/policies", opt, def, d.createPolicy),
		route("GET", "/policies", none, def, d.listPolicies),
		route("GET", "/policies/effective", none, def, d.effectivePolicies),
		route("GET", "/policies/{id}", none, def, d.getPolicy),
		withBody("PATCH", "/policies/{id}", none, def, d.renamePolicy),
		withBody("PUT", "/policies/{id}/config", none, def, d.configurePolicy),
		route("POST", "/policies/{id}/disable", opt, def, d.disablePolicy),
		route("POST", "/policies/{id}/enable", opt, def, d.enablePolicy),
	}
}

func (d *Door) webhookRoutes() []httpd.Route {
	return []httpd.Route{
		secret(withBody("POST", "/webhooks", opt, def, d.createWebhook)),
		route("GET", "/webhooks", none, def, d.listWebhooks),
		route("GET", "/webhooks/{id}", none, def, d.getWebhook),
		withBody("PATCH", "/webhooks/{id}", none, def, d.updateWebhook),
		withBody("PUT", "/webhooks/{id}", none, def, d.updateWebhook),
		secret(route("POST", "/webhooks/{id}/rotate-secret", opt, def, d.rotateWebhook)),
		route("GET", "/webhooks/{id}/deliveries", none, def, d.listDeliveries),
		withBody("POST", "/webhooks/{id}/deliveries/replay", opt, def, d.replayRange),
		route("GET", "/webhooks/{id}/deliveries/{deliveryId}", none, def, d.getDelivery),
		route("POST", "/webhooks/{id}/deliveries/{deliveryId}/replay", opt, def, d.replayDelivery),
		route("POST", "/webhooks/{id}/disable", opt, def, d.disableWebhook),
		route("DELETE", "/webhooks/{id}", none, def, d.dropWebhook),
	}
}

func (d *Door) keyRoutes() []httpd.Route {
	return []httpd.Route{
		secret(withBody("POST", "/api-keys", req, def, d.createKey)),
		route("GET", "/api-keys", none, def, d.listKeys),
		withBody("PUT", "/api-keys/{id}/ip-allowlist", none, def, d.allowKey),
		route("DELETE", "/api-keys/{id}", none, def, d.revokeKey),
		route("POST", "/api-keys/{id}/revoke", opt, def, d.revokeKey),
	}
}

func (d *Door) simulationRoutes() []httpd.Route {
	simulation := func(pattern string, f func(*call) error) httpd.Route {
		r := withBody("POST", "/simulation"+pattern, opt, def, f)
		r.Auth = authSandbox
		return r
	}
	return []httpd.Route{
		simulation("/users/{id}/application", d.simulateApplication),
		simulation("/accounts/{id}/status", d.simulateAccount),
		simulation("/cards/{id}/status", d.simulateCard),
		simulation("/cards/{id}/production-status", d.simulateCardProduction),
		simulation("/cards/{id}/shipping-status", d.simulateCardScan),
		simulation("/card-shipments/{id}/production-status", d.simulateProduction),
		simulation("/card-shipments/{id}/shipping-status", d.simulateScan),
		simulation("/card-transactions/authorization", d.simulateAuthorization),
		simulation("/card-transactions/authorization-with-3ds", d.simulateChallenge),
		simulation("/card-transactions/clearing", d.simulateClearing),
		simulation("/card-transactions/decline", d.simulateDecline),
		simulation("/card-transactions/refund", d.simulateRefund),
		simulation("/card-transactions/reversal", d.simulateReversal),
		simulation("/fiat-deposits", d.simulateDeposit),
	}
}
