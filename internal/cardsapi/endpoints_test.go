package cardsapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/httpd"
)

// published is the endpoint table of contract §9 with §23: method and path, idempotency key (R required, O optional,
// P by policy, – none), tier.
const published = `
POST   /cards                                          R issuance
GET    /cards                                          - default
GET    /cards/{id}                                     - default
DELETE /cards/{id}                                     - operations
POST   /cards/{id}/activate                            P default
GET    /cards/{id}/activation-code                     - recovery
PUT    /cards/{id}/pin                                 - operations
POST   /cards/{id}/freeze                              O operations
POST   /cards/{id}/unfreeze                            O operations
POST   /cards/{id}/block                               O operations
POST   /cards/{id}/unblock                             O operations
POST   /cards/{id}/reveal                              O operations
POST   /cards/{id}/push-provisioning                   O default
PUT    /cards/{id}/3ds-challenge-method                - default
GET    /card-designs                                   - default
GET    /card-designs/{id}                              - default
PUT    /card-designs/{id}/default                      - default
POST   /card-designs/{id}/set-default                  O default
POST   /card-shipments                                 O operations
GET    /card-shipments                                 - default
GET    /card-shipments/{id}                            - default
PATCH  /card-shipments/{id}                            - default
DELETE /card-shipments/{id}                            - default
POST   /card-shipments/{id}/cards                      O default
DELETE /card-shipments/{id}/cards/{memberId}           - default
POST   /card-shipments/{id}/submit                     R issuance
POST   /users                                          O default
GET    /users                                          - default
GET    /users/{id}                                     - default
PUT    /users/{id}/email                               - default
PUT    /users/{id}/phone                               - default
DELETE /users/{id}                                     - default
POST   /users/{id}/application                         O identity
POST   /accounts                                       R account
GET    /accounts                                       - default
GET    /accounts/{id}                                  - default
GET    /accounts/auth-message                          - default
GET    /accounts/{id}/balance                          - default
GET    /accounts/{id}/assets                           - default
GET    /card-3ds-challenges/{id}                       - default
POST   /card-3ds-challenges/{id}/respond               O default
GET    /card-transactions/{id}                         - default
POST   /policies                                       O default
GET    /policies                                       - default
GET    /policies/{id}                                  - default
GET    /policies/effective                             - default
PATCH  /policies/{id}                                  - default
PUT    /policies/{id}/config                           - default
POST   /policies/{id}/disable                          O default
POST   /policies/{id}/enable                           O default
POST   /webhooks                                       O default
GET    /webhooks                                       - default
GET    /webhooks/{id}                                  - default
PATCH  /webhooks/{id}                                  - default
PUT    /webhooks/{id}                                  - default
POST   /webhooks/{id}/rotate-secret                    O default
POST   /webhooks/{id}/disable                          O default
DELETE /webhooks/{id}                                  - default
GET    /api-keys                                       - default
POST   /api-keys                                       R default
PUT    /api-keys/{id}/ip-allowlist                     - default
DELETE /api-keys/{id}                                  - default
POST   /api-keys/{id}/revoke                           O default
POST   /simulation/cards/{id}/status                   O default
POST   /simulation/users/{id}/application              O default
POST   /simulation/accounts/{id}/status                O default
POST   /simulation/card-shipments/{id}/production-status O default
POST   /simulation/card-shipments/{id}/shipping-status O default
POST   /simulation/cards/{id}/production-status        O default
POST   /simulation/cards/{id}/shipping-status          O default
POST   /simulation/card-transactions/authorization     O default
POST   /simulation/card-transactions/authorization-with-3ds O default
POST   /simulation/card-transactions/decline           O default
POST   /simulation/card-transactions/clearing          O default
POST   /simulation/card-transactions/reversal          O default
POST   /simulation/card-transactions/refund            O default
POST   /simulation/fiat-deposits                       O default
GET    /reveal/{token}                                 - -
`

// beyond are routes that the contract does not have.
var beyond = []string{
	"GET /webhooks/{id}/deliveries", "POST /webhooks/{id}/deliveries/replay", "GET /webhooks/{id}/deliveries/{deliveryId}",
	"POST /webhooks/{id}/deliveries/{deliveryId}/replay", "GET /openapi/cards.yaml", "GET /reveal/page.css", "GET /reveal/page.js",
}

// TestRoutes_AreThoseOfTheContract wants each row of the table served as it says, and nothing else.
func TestRoutes_AreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	keys := map[httpd.Idempotency]string{httpd.None: "-", httpd.Optional: "O", httpd.Required: "R", httpd.ByPolicy: "P"}
	served := map[string]string{}
	for _, r := range (&Door{}).routes() {
		tier := r.Tier
		if tier == "" {
			tier = "-"
		}
		served[r.Method+" "+r.Pattern] = keys[r.Idempotency] + " " + tier
	}
	for line := range strings.Lines(strings.TrimSpace(published)) {
		f := strings.Fields(line)
		name := f[0] + " " + f[1]
		got, there := served[name]
		switch {
		case !there:
			t.Errorf("%s is not served", name)
		case got != f[2]+" "+f[3]:
			t.Errorf("%s has key and tier %s, want %s %s", name, got, f[2], f[3])
		}
		delete(served, name)
	}
	for name := range served {
		if !slices.Contains(beyond, name) {
			t.Errorf("%s is served, and in no table", name)
		}
	}
}
