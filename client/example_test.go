package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
)

// A cardholder types the six digits of the mailer: first wrong, then right.
func ExampleClient_Activate() {
	tb := newSketch()
	defer tb.end()
	server := cardtest.Start(tb)
	card := server.Mailer(tb) // on its way to its holder

	c, err := client.New(server.URL, server.NativeKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, err = c.Activate(ctx, card.ID, client.Activate{Code: wrong(card.Code)})
	if p, ok := errors.AsType[*client.Problem](err); ok {
		left, _ := p.TriesLeft()
		fmt.Println(p.Reason, left)
	}
	done, err := c.Activate(ctx, card.ID, client.Activate{Code: card.Code}, client.IdempotencyKey("order-4711"))
	fmt.Println(done.Activated, err)
	// Output:
	// code_mismatch 4
	// true <nil>
}

// Before the holder is asked for anything: is there something in the way?
func ExampleClient_Eligibility() {
	tb := newSketch()
	defer tb.end()
	server := cardtest.Start(tb)
	card := server.Ordered(tb) // the bureau has not made it yet

	look, err := server.Client(tb).Eligibility(context.Background(), card.ID)
	fmt.Println(look.Eligible, err)
	for _, o := range look.Obstacles {
		fmt.Println(o.Reason, "is up to the", o.FixedBy)
	}
	// Output:
	// false <nil>
	// not_shipped is up to the bureau
}

// A program that cannot be reached from outside follows the feed instead of taking webhooks.
func ExampleClient_Follow() {
	tb := newSketch()
	defer tb.end()
	server := cardtest.Start(tb)
	card, c := server.Mailer(tb), server.Client(tb)
	if _, err := c.Activate(context.Background(), card.ID, client.Activate{Code: card.Code}); err != nil {
		fmt.Println(err)
	}

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	cursor := "" // from your database, where the one that take kept last is
	err := c.Follow(ctx, client.EventQuery{Cursor: cursor, Types: []string{"card.activated"}}, func(_ context.Context, page client.EventPage) error {
		for _, e := range page.Items {
			fmt.Println(e.Type)
		}
		stop() // keep page.Next with what was made of the events; an example ends here
		return nil
	})
	fmt.Println(err)
	// Output:
	// card.activated
	// context canceled
}

// A receiver of webhooks looks at the signature before anything else.
func ExampleVerifyStandardWebhook() {
	h := map[string][]string{
		"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	_, err := client.VerifyStandardWebhook(h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	fmt.Println(err)
	// Output: <nil>
}
