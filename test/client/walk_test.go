// Package client is a client that a public generator made from the OpenAPI document of the cards API, and a test that it works
// against the real server. The generated file is not kept: `make client` makes it anew each time.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

const version = "2025-02-14"

// server builds and starts the real server on an empty folder, and gives its address and a key of a sandbox programme.
func server(t *testing.T) (base, key string) {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "firsttap")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/firsttap")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	env := append(os.Environ(), "FIRSTTAP_DATABASE=sqlite://"+filepath.Join(dir, "firsttap.db"), "FIRSTTAP_KEY_FILE="+filepath.Join(dir, "keys.json"))
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("firsttap %v: %v\n%s", args, err, stderr.String())
		}
		return out
	}
	run("program", "create", "Acme", "--kind", "sandbox")
	var made struct{ Secret string }
	if err := json.Unmarshal(run("key", "create", "--program", "Acme", "--door", "cards", "--json"), &made); err != nil {
		t.Fatal(err)
	}
	address, admin := freeAddresses(t)
	cmd := exec.Command(binary, "serve", "--listen", address, "--admin-listen", admin)
	cmd.Env = env
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("the server ended with %v:\n%s", err, log.String())
		}
	})
	base = "http://" + address
	for deadline := time.Now().Add(20 * time.Second); ; {
		resp, err := http.Get(base + "/openapi/cards.yaml")
		if err == nil {
			_ = resp.Body.Close()
			return base, made.Secret
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer: %v", err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// freeAddresses gives two that differ: both are held until both are known.
func freeAddresses(t *testing.T) (one, other string) {
	t.Helper()
	var lc net.ListenConfig
	hold := func() net.Listener {
		for {
			// Below the ports that the system gives to who dials: one of those may be taken again before the server listens there.
			l, err := lc.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)))
			if err == nil {
				return l
			}
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatal(err)
			}
		}
	}
	a, b := hold(), hold()
	defer func() { _, _ = a.Close(), b.Close() }()
	return a.Addr().String(), b.Addr().String()
}

// good wants an answer of success.
func good(t *testing.T, what string, err error, status int, body []byte) {
	t.Helper()
	if err != nil || status >= 300 {
		t.Fatalf("%s: %d %s, %v", what, status, body, err)
	}
}

func text(s string) *string { return &s }

// TestClient_WalksFromAUserToTheFirstTap is the walk of the README, by the generated client.
func TestClient_WalksFromAUserToTheFirstTap(t *testing.T) {
	base, key := server(t)
	c, err := NewClientWithResponses(base, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	again := func() *IdempotencyKey { return text(uuid.NewString()) }

	user, err := c.CreateUserWithResponse(ctx, &CreateUserParams{ReapVersion: version, IdempotencyKey: again()},
		NewUser{Email: "ana@example.com", PhoneNumber: "+525512345678", FirstName: text("Ana"), LastName: text("Torres")})
	good(t, "create the user", err, user.StatusCode(), user.Body)
	id := user.JSON200.Id
	review, err := c.SubmitApplicationWithResponse(ctx, id, &SubmitApplicationParams{ReapVersion: version}, NewApplication{})
	good(t, "hand the user in", err, review.StatusCode(), review.Body)
	decided, err := c.SimulateApplicationWithResponse(ctx, id, &SimulateApplicationParams{ReapVersion: version}, SimulateApplicationJSONRequestBody{Status: "APPROVED"})
	good(t, "approve the user", err, decided.StatusCode(), decided.Body)
	account, err := c.CreateAccountWithResponse(ctx, &CreateAccountParams{ReapVersion: version, IdempotencyKey: *again()}, NewAccount{OwnerId: id})
	good(t, "open an account", err, account.StatusCode(), account.Body)
	card, err := c.CreateCardWithResponse(ctx, &CreateCardParams{ReapVersion: version, IdempotencyKey: *again()},
		NewCard{UserId: id, AccountId: account.JSON200.Id, Type: "PHYSICAL"})
	good(t, "order a card", err, card.StatusCode(), card.Body)
	cardID := card.JSON200.Id

	box, err := c.CreateShipmentWithResponse(ctx, &CreateShipmentParams{ReapVersion: version}, NewShipment{
		DestinationAddress: NewAddress{Line1: "Av. Reforma 222", Zone: text("CMX"), City: "Ciudad de Mexico", PostalCode: text("06600"), Country: "MX"},
		Recipient:          Recipient{FirstName: "Ana", LastName: "Torres", PhoneNumber: "5512345678", DialCode: 52, Email: "ana@example.com"},
		Courier:            NewCourier{Type: "DHL"}, Cards: []NewMember{{CardId: cardID}},
	})
	good(t, "draft a parcel", err, box.StatusCode(), box.Body)
	placed, err := c.SubmitShipmentWithResponse(ctx, box.JSON200.Id, &SubmitShipmentParams{ReapVersion: version, IdempotencyKey: *again()})
	good(t, "place it", err, placed.StatusCode(), placed.Body)
	early, err := c.ActivateCardWithResponse(ctx, cardID, &ActivateCardParams{ReapVersion: version}, Activation{ActivationCode: "000000"})
	if err != nil || early.JSON4XX == nil || early.JSON4XX.Error.Code != "CARD_CANNOT_BE_ACTIVATED" {
		t.Fatalf("activate before the parcel left: %v %s", err, early.Body)
	}
	status := ScanStatus("IN_TRANSIT")
	scan, err := c.SimulateScanWithResponse(ctx, box.JSON200.Id, &SimulateScanParams{ReapVersion: version}, SimulateScanJSONRequestBody{Status: &status})
	good(t, "scan it", err, scan.StatusCode(), scan.Body)
	code, err := c.GetActivationCodeWithResponse(ctx, cardID, &GetActivationCodeParams{ReapVersion: version})
	good(t, "read the code", err, code.StatusCode(), code.Body)
	active, err := c.ActivateCardWithResponse(ctx, cardID, &ActivateCardParams{ReapVersion: version, IdempotencyKey: again()},
		Activation{ActivationCode: code.JSON200.ActivationCode})
	good(t, "activate", err, active.StatusCode(), active.Body)
	now, err := c.GetCardWithResponse(ctx, cardID, &GetCardParams{ReapVersion: version})
	good(t, "look at the card", err, now.StatusCode(), now.Body)
	if got := now.JSON200.PhysicalCardStatus; got == nil || *got != "ACTIVATED" {
		t.Errorf("the card is %v", got)
	}
}
