package nativeapi

import (
	"net/http"
	"slices"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
)

// authNobody marks a route that needs no key; all others have the scope that they need in Auth.
const authNobody = "none"

func read(pattern string, scope access.Scope, f func(*call) error) httpd.Route {
	return httpd.Route{Method: http.MethodGet, Pattern: pattern, Auth: string(scope), Tier: program.TierDefault, Handler: handle(f)}
}

// act is a POST with a body; its idempotency key is optional.
func act(pattern string, scope access.Scope, f func(*call) error) httpd.Route {
	return httpd.Route{
		Method: http.MethodPost, Pattern: pattern, Auth: string(scope), Tier: program.TierOperations,
		Idempotency: httpd.Optional, MaxBody: maxBody, Handler: handle(f),
	}
}

// routes are the endpoints. What is not here does not exist.
func (d *Door) routes() []httpd.Route {
	return slices.Concat(
		d.cardRoutes(), d.webhookRoutes(), d.sessionRoutes(), d.batchRoutes(), d.shipmentRoutes(), d.peopleRoutes(),
		d.sandboxRoutes(), d.scenarioRoutes(), d.auditRoutes(), d.approvalRoutes(), d.programRoutes(), d.designRoutes(),
		problemRoutes(), []httpd.Route{documentRoute()},
	)
}

func (d *Door) webhookRoutes() []httpd.Route {
	const one = "/v1/webhooks/{id}"
	update, end := act(one, access.WebhooksWrite, d.updateWebhook), act(one, access.WebhooksWrite, d.endWebhook)
	update.Method, end.Method = http.MethodPatch, http.MethodDelete
	return []httpd.Route{
		read("/v1/webhooks", access.WebhooksRead, d.listWebhooks),
		act("/v1/webhooks", access.WebhooksWrite, d.createWebhook),
		read(one, access.WebhooksRead, d.getWebhook),
		update, end,
		act(one+"/rotate-secret", access.WebhooksWrite, d.rotateWebhook),
		act(one+"/test", access.WebhooksWrite, d.testWebhook),
		read(one+"/deliveries", access.WebhooksRead, d.listDeliveries),
		read(one+"/deliveries/{delivery_id}", access.WebhooksRead, d.getDelivery),
		act(one+"/deliveries/{delivery_id}/retry", access.WebhooksWrite, d.retryDelivery),
		act(one+"/deliveries/replay", access.WebhooksWrite, d.replayDeliveries),
	}
}

func (d *Door) sandboxRoutes() []httpd.Route {
	return []httpd.Route{
		read("/v1/sandbox/clock", access.SandboxWrite, d.getClock),
		act("/v1/sandbox/clock", access.SandboxWrite, d.setClock),
		act("/v1/sandbox/shipments/{id}/advance", access.SandboxWrite, d.walkShipment),
	}
}

func (d *Door) cardRoutes() []httpd.Route {
	activate := act("/v1/cards/{id}/activation", access.ActivationsWrite, d.activate)
	activate.Idempotency = httpd.ByPolicy
	feed := read("/v1/events", access.EventsRead, d.listEvents)
	feed.Timeout = feedTimeout
	many := act("/v1/activations", access.ActivationsWrite, d.activateMany)
	many.Idempotency, many.Timeout = httpd.Required, bulkTimeout
	return []httpd.Route{
		read("/v1/lifecycle", access.CardsRead, showLifecycle),
		read("/v1/cards", access.CardsRead, d.listCards),
		read("/v1/cards/{id}", access.CardsRead, d.getCard),
		act("/v1/cards/{id}/freeze", access.CardsWrite, d.freeze),
		act("/v1/cards/{id}/unfreeze", access.CardsWrite, d.unfreeze),
		act("/v1/cards/{id}/block", access.CardsWrite, d.block),
		act("/v1/cards/{id}/unblock", access.CardsWrite, d.unblock),
		act("/v1/cards/{id}/report", access.CardsWrite, d.reportCard),
		act("/v1/cards/{id}/replacement", access.CardsWrite, d.replaceCard),
		act("/v1/cards/{id}/reissue", access.CardsWrite, d.reissueCard),
		act("/v1/cards/{id}/renewal", access.CardsWrite, d.renewCard),
		read("/v1/cards/{id}/activation", access.ActivationsRead, d.getActivation),
		read("/v1/cards/{id}/activation/eligibility", access.ActivationsRead, d.getEligibility),
		activate,
		read("/v1/cards/{id}/mailer-link", access.CardsRead, d.getMailerLink),
		recoverRoute(act("/v1/cards/{id}/activation/code/recovery", access.CodesRecover, d.recoverCode)),
		many,
		feed,
		act("/v1/cards/{id}/activation/guard/reset", access.GuardsWrite, d.resetGuard),
	}
}
