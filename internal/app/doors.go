package app

import (
	"fmt"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/cardsapi"
	"github.com/firsttap/firsttap/internal/console"
	"github.com/firsttap/firsttap/internal/debitapi"
	"github.com/firsttap/firsttap/internal/docsite"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/holderpage"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/nativeapi"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/wallet"
	"github.com/firsttap/firsttap/internal/webhook"
)

// doors makes the doors, in the order in which they are asked: the cards API stands at the root, owns what
// no other door does, and comes last.
func (a *App) doors(resolver webhook.Resolver) ([]httpd.Door, error) {
	keys := tokens.New(tokens.Config{
		Rules: a.Rules, Passwords: a.passwords, Limits: debitapi.NewCustomerLimits(a.deps.Now), Forget: a.authenticator.Forget,
	})
	debit, err := debitapi.New(debitapi.Options{
		Rules: a.Rules, Access: a.authenticator, Now: a.deps.Now, Resolver: resolver,
		Logins: access.NewLogins(access.LoginsConfig{
			Store: a.db.Access(), Hasher: a.Rules, Signer: a.Rules, Passwords: a.passwords, IDs: a.ids, Now: a.deps.Now,
			Only: onlyKind(a.cfg.HostKind), Forget: a.authenticator.Forget,
		}),
		Tokens:    keys,
		Wallet:    wallet.New(a.Rules, a.ids),
		Hasher:    a.passwords,
		PlainHTTP: !a.cfg.Debit.RequireHTTPS, LoginsPerMinute: a.cfg.Debit.LoginsPerMinute,
	})
	if err != nil {
		return nil, fmt.Errorf("build the debit API: %w", err)
	}
	cards, err := cardsapi.New(cardsapi.Config{
		Service: a.Rules, Spending: a.Spending, Tokens: keys, Keys: a.authenticator, Bureau: a.bureau, Resolver: resolver, Now: a.deps.Now,
		PublicURL: a.publicURL,
	})
	if err != nil {
		return nil, fmt.Errorf("build the cards API: %w", err)
	}
	trails, err := a.sealedTrails()
	if err != nil {
		return nil, err
	}
	tenants := tenancy.New(tenancy.Config{Rules: a.Rules, Only: onlyKind(a.cfg.HostKind), Forget: a.authenticator.Forget})
	native, err := nativeapi.New(nativeapi.Config{
		Service: a.Rules, Keys: a.authenticator, Scenarios: a.Scenarios, Tenancy: tenants, Now: a.deps.Now, Resolver: resolver, AuditLog: trails,
		PageURL: func() string { return a.publicURL() + holderpage.Path },
	})
	if err != nil {
		return nil, fmt.Errorf("build the native API: %w", err)
	}
	logos, err := readLogos(a.cfg.PageLogos)
	if err != nil {
		return nil, err
	}
	holder, err := holderpage.New(holderpage.Config{Service: a.Rules, Now: a.deps.Now, PublicURL: a.publicURL, Logos: logos})
	if err != nil {
		return nil, fmt.Errorf("build the activation page: %w", err)
	}
	pages, err := docsite.New([]docsite.API{
		{Name: "cards", OpenAPI: cardsapi.OpenAPI()}, {Name: "debit", OpenAPI: debitapi.OpenAPI()}, {Name: "native", OpenAPI: nativeapi.OpenAPI()},
	})
	if err != nil {
		return nil, fmt.Errorf("build the documentation: %w", err)
	}
	all := []httpd.Door{debit, native, holder, pages, cards}
	if a.cfg.Console {
		desk, err := console.New(console.Config{
			Service: a.Rules, Staff: a.Staff, Scenarios: a.Scenarios, Tenancy: tenants, AuditLog: trails, Only: onlyKind(a.cfg.HostKind), Now: a.deps.Now, PublicURL: a.publicURL,
		})
		if err != nil {
			return nil, fmt.Errorf("build the console: %w", err)
		}
		all = append([]httpd.Door{desk}, all...)
	}
	return all, nil
}

// publicURL is where callers reach this host: as set, else where it listens.
func (a *App) publicURL() string {
	cfg := a.cfg
	cfg.Listen = a.Addr()
	return cfg.PublicBase()
}

// announcers are the words of the doors for events.
func announcers() map[event.Door]event.Announcer {
	return map[event.Door]event.Announcer{
		event.NativeDoor: event.NativeAnnouncer, event.CardsDoor: cardsapi.Announce, event.DebitDoor: debitapi.Announce,
	}
}
