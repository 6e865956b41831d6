package client_test

import (
	"os"
	"reflect"
	"regexp"
	"testing"

	"github.com/firsttap/firsttap/client"
)

// operations says which method of the client calls which operation of the OpenAPI document.
var operations = map[string]string{
	"getLifecycle": "Lifecycle",
	"listCards":    "Cards", "getCard": "Card",
	"freezeCard": "Freeze", "unfreezeCard": "Unfreeze", "blockCard": "Block", "unblockCard": "Unblock",
	"getActivation": "Activation", "activateCard": "Activate", "activateCards": "ActivateMany", "getEligibility": "Eligibility",
	"resetGuard":   "ResetGuard",
	"listEvents":   "Events",
	"listWebhooks": "Webhooks", "createWebhook": "CreateWebhook", "getWebhook": "Webhook", "updateWebhook": "UpdateWebhook", "endWebhook": "EndWebhook",
	"rotateWebhookSecret": "RotateWebhookSecret", "testWebhook": "TestWebhook", "listDeliveries": "Deliveries", "getDelivery": "Delivery",
	"reportCard": "Report", "replaceCard": "Replace", "reissueCard": "Reissue", "renewCard": "Renew", "recoverCode": "RecoverCode", "createActivationSession": "CreateActivationSession",
	"listBatches": "Batches", "orderBatch": "OrderBatch", "getBatch": "Batch", "listBatchItems": "BatchItems", "resubmitBatch": "ResubmitBatch",
	"cancelBatch":   "CancelBatch",
	"getMailerLink": "MailerLink",
	"listCustomers": "Customers", "createCustomer": "CreateCustomer", "getCustomer": "Customer", "updateCustomer": "UpdateCustomer", "listCustomerCards": "CustomerCards",
	"listAccounts": "Accounts", "createAccount": "CreateAccount", "getAccount": "Account",
	"listShipments": "Shipments", "getShipment": "Shipment", "redirectShipment": "RedirectShipment", "cancelShipment": "CancelShipment",
	"reshipShipment": "ReshipShipment", "destroyShipment": "DestroyShipment", "reportScan": "ReportScan",
	"getClock": "Clock", "setClock": "SetClock", "advanceShipment": "AdvanceShipment", "listScenarios": "Scenarios", "runScenario": "RunScenario",
	"listAudit": "Audit", "getAuditCheckpoint": "AuditCheckpoint", "exportAudit": "ExportAudit",
	"listApprovals": "Approvals", "getApproval": "Approval", "approveApproval": "Approve", "refuseApproval": "Refuse",
	"getProgram": "Program", "getPolicies": "Policies", "setPolicies": "SetPolicies", "listPolicyVersions": "PolicyVersions",
	"listKeys": "Keys", "issueKey": "IssueKey", "getKey": "Key", "changeKey": "ChangeKey", "rotateKey": "RotateKey", "revokeKey": "RevokeKey",
	"listDesigns": "Designs", "addDesign": "AddDesign", "getDesign": "Design", "setDefaultDesign": "SetDefaultDesign", "retireDesign": "RetireDesign", "restoreDesign": "RestoreDesign",
	"listPrograms": "Programs", "createProgram": "CreateProgram", "getAnyProgram": "ProgramByID", "suspendProgram": "SuspendProgram", "resumeProgram": "ResumeProgram",
	"issueProgramKey": "IssueProgramKey",
	"retryDelivery":   "RetryDelivery", "replayDeliveries": "ReplayDeliveries",
}

// readByPeople are the operations that no program needs a method for.
var readByPeople = map[string]bool{"listProblems": true, "getProblem": true, "getDocument": true}

func TestClient_HasAMethodForEachOperation(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../internal/nativeapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ +operationId: (\w+)$`).FindAllSubmatch(document, -1) {
		id := string(m[1])
		found[id] = true
		if name := operations[id]; name == "" && !readByPeople[id] {
			t.Errorf("operation %s has no method in the client", id)
		}
	}
	for id, name := range operations {
		if !found[id] {
			t.Errorf("the document has no operation %s", id)
		}
		if _, ok := reflect.TypeFor[*client.Client]().MethodByName(name); !ok {
			t.Errorf("operation %s should be method %s, which is not there", id, name)
		}
	}
}
