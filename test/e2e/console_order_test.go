package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// follow loads a page until it says something.
func follow(ctx context.Context, t *testing.T, url, want string) {
	t.Helper()
	for text := ""; !strings.Contains(text, want); { // the context of the browser ends it
		_, text = visit(ctx, t, url)
	}
}

// TestBrowser_OrdersABatch is a member who checks a file of rows, orders it, follows its making, and orders what failed again.
func TestBrowser_OrdersABatch(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited()...)...)
	password := in.member(t, "olga", "--role", "operator")
	s := in.start()
	ctx := newBrowser(t)
	has := saying(t)
	visit(ctx, t, s.url+"/console")
	sent(ctx, t, "main button", "#name", "olga", "#password", password)
	at := look(ctx, t, chromedp.Location())
	visit(ctx, t, at+"/batches/new")
	picture(ctx, t, "console-order")
	has("no rows", sent(ctx, t, `.order button:not([formaction])`), "Choose a file, or paste rows")
	picture(ctx, t, "console-order-refused")

	file := filepath.Join(t.TempDir(), "order.csv")
	if err := os.WriteFile(file, []byte("identifier,front_name\nB-1,ANA TORRES\nB-1,EVA RUIZ\nB-2,"+strings.Repeat("x", 30)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	look(ctx, t, chromedp.SetUploadFiles("#file", []string{file}))
	has("a file", sent(ctx, t, `.order button:not([formaction])`), "Of 3 rows 2 would fail", "identifier duplicated", "front name invalid", "Nothing is ordered yet")
	picture(ctx, t, "console-order-checked")
	has("nowhere", sent(ctx, t, `.order button[formaction]`, "#reason", "for the branch"), "Say where the cards go")
	has("an order", sent(ctx, t, `.order button[formaction]`,
		"#first_names", "Ana", "#last_names", "Torres", "#street", "Av. Tulum", "#exterior_number", "1", "#neighborhood", "Centro", "#city", "Cancún",
		"#state", "Quintana Roo", "#postal_code", "77500", "#mobile", "9981234567", "#country", "MX", "#reason", "for the branch"), "It is ordered")
	batch, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "?")
	follow(ctx, t, batch, "Order the failed rows again")
	picture(ctx, t, "console-batch-failures")
	visit(ctx, t, batch+"/resubmit")
	picture(ctx, t, "console-order-again")
	look(ctx, t, chromedp.Evaluate[string](`document.getElementById("items").value = "identifier,front_name\nB-3,EVA RUIZ"`))
	has("corrected", sent(ctx, t, `.order button[formaction]`, "#reason", "corrected"), "It is ordered")
	again, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "?")
	follow(ctx, t, again, "completed")
	visit(ctx, t, at+"/batches")
	picture(ctx, t, "console-batches-ordered")
}
