package cli

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/program"
)

type keyCommand struct {
	Create keyCreate `cmd:"" help:"Issue a key. Its secret is printed once and cannot be shown again."`
	List   keyList   `cmd:"" help:"List the keys of a programme, revoked ones included."`
	Allow  keyAllow  `cmd:"" help:"Replace the addresses that a key may be used from."`
	Revoke keyRevoke `cmd:"" help:"End a key for good."`
}

type keyCreate struct {
	where
	Program      string        `xor:"owner" required:"" help:"Name or id of the programme."`
	Installation bool          `xor:"owner" required:"" help:"A native key that makes and suspends programmes, and belongs to none."`
	Door         string        `enum:"cards,debit,native" default:"cards" help:"Which API the key is for: cards, debit or native."`
	Scope        []string      `help:"What a native key may do, as in cards:read; all is everything." placeholder:"SCOPE"`
	Expires      time.Duration `help:"The key ends after this time; default is never."`
	Name         string        `default:"key" help:"What people call the key."`
	Admin        bool          `help:"A debit token that may act for any customer of the programme."`
	Allow        []string      `help:"Addresses or CIDR ranges that the key may be used from; default is any." placeholder:"ADDRESS"`
	JSON         bool          `help:"Print JSON."`
}

// Run issues the key and prints its secret.
func (c keyCreate) Run(ctx context.Context, w World) error {
	request := access.KeyRequest{Kind: access.CardsKey, Name: c.Name}
	if c.Expires != 0 {
		request.ExpiresAt = time.Now().Add(c.Expires).UTC()
	}
	switch {
	case c.Installation:
		scopes, err := scopesOf(c.Scope, access.InstallationScopes())
		if err != nil {
			return err
		}
		request.Kind, request.Scopes = access.InstallationKey, scopes
	case c.Door == "debit":
		request.Kind, request.Role = access.Ecommerce, access.RoleProgram
		if c.Admin {
			request.Role = access.RoleAdmin
		}
	case c.Door == "native":
		scopes, err := scopesOf(c.Scope, access.Scopes())
		if err != nil {
			return err
		}
		request.Kind, request.Scopes = access.NativeKey, scopes
	case len(c.Scope) > 0:
		return usageError("--scope is for keys of the native API: add --door native")
	}
	if c.Admin && c.Door != "debit" {
		return usageError("--admin is for tokens of the debit API: add --door debit")
	}
	var err error
	if request.Allowlist, err = parseAllowlist(c.Allow); err != nil {
		return err
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := ownerOf(ctx, h, c.Program)
		if err != nil {
			return err
		}
		request.Program = p.ID
		issued, err := h.Access.IssueKey(ctx, c.operator(), request)
		if err != nil {
			return err
		}
		return c.show(w, issued)
	})
}

// show prints the new key. This is the one place where its secret is seen.
func (c keyCreate) show(w World, issued access.Issued) error {
	if c.JSON {
		return printJSON(w.Stdout, map[string]string{
			"id": issued.Credential.PublicID, "program": issued.Program.Name, "kind": string(issued.Credential.Kind),
			"secret": issued.Secret.Reveal(),
		})
	}
	header := "Authorization: Bearer "
	if issued.Credential.Kind == access.Ecommerce {
		header = "Authorization-ecommerce: "
	}
	_, err := fmt.Fprintf(w.Stdout, "id      %s\nsecret  %s\n\nSend it as\n  %s%s\nKeep it now: it is not stored and cannot be shown again.\n",
		issued.Credential.PublicID, issued.Secret.Reveal(), header, issued.Secret.Reveal())
	return err
}

// ownerOf finds whom a key belongs to: a programme, or with no name the installation.
func ownerOf(ctx context.Context, h *app.House, name string) (program.Program, error) {
	if name == "" {
		return program.Program{}, nil
	}
	return h.Access.FindProgram(ctx, name)
}

// scopesOf reads the scopes of a native key, which may have all of some.
func scopesOf(words []string, all []access.Scope) ([]access.Scope, error) {
	var out []access.Scope
	for _, word := range words {
		switch {
		case word == "all":
			out = append(out, all...)
		case slices.Contains(all, access.Scope(word)):
			out = append(out, access.Scope(word))
		default:
			return nil, usageError(fmt.Sprintf("there is no scope %q; there are %s, or all", word, joinScopes(all)))
		}
	}
	if len(out) == 0 {
		return nil, usageError("a native key needs --scope: " + joinScopes(all) + ", or all")
	}
	return out, nil
}

func joinScopes(list []access.Scope) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, ", ")
}

func parseAllowlist(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, ok := access.ParseAllowed(text)
		if !ok {
			return nil, usageError(fmt.Sprintf("--allow %s: neither an address nor a range such as 203.0.113.0/24", text))
		}
		out = append(out, p)
	}
	return out, nil
}

type keyList struct {
	where
	Program      string `xor:"owner" required:"" help:"Name or id of the programme."`
	Installation bool   `xor:"owner" required:"" help:"The keys of the installation."`
	JSON         bool   `help:"Print JSON."`
}

// Run lists the keys, without their secrets.
func (c keyList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := ownerOf(ctx, h, c.Program)
		if err != nil {
			return err
		}
		list, err := h.Access.ListKeys(ctx, p.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.Stdout, keyRows(list))
		}
		rows := make([][]string, len(list))
		for i, k := range list {
			rows[i] = []string{k.PublicID, k.Name, sortOf(k), string(k.Status), joinPrefixes(k.Allowlist), moment(k.LastUsed), moment(k.CreatedAt)}
		}
		return table(w.Stdout, []string{"ID", "NAME", "SORT", "STATUS", "FROM", "LAST USED", "CREATED"}, rows)
	})
}

type keyRow struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Sort      string     `json:"sort"`
	Status    string     `json:"status"`
	Allowlist []string   `json:"allowlist"`
	LastUsed  *time.Time `json:"last_used_at"`
	CreatedAt *time.Time `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func keyRows(list []access.Credential) []keyRow {
	rows := make([]keyRow, len(list))
	for i, k := range list {
		rows[i] = keyRow{k.PublicID, k.Name, sortOf(k), string(k.Status), nil, momentJSON(k.LastUsed), momentJSON(k.CreatedAt), momentJSON(k.RevokedAt)}
		for _, p := range k.Allowlist {
			rows[i].Allowlist = append(rows[i].Allowlist, access.ShowAllowed(p))
		}
	}
	return rows
}

func sortOf(k access.Credential) string {
	switch {
	case k.Kind == access.CardsKey:
		return "cards"
	case k.Kind == access.NativeKey, k.Kind == access.InstallationKey:
		return "native: " + joinScopes(k.Scopes)
	case k.Role == access.RoleAdmin:
		return "debit admin"
	default:
		return "debit"
	}
}

func joinPrefixes(list []netip.Prefix) string {
	if len(list) == 0 {
		return "any"
	}
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = access.ShowAllowed(p)
	}
	return strings.Join(texts, ",")
}

type keyAllow struct {
	where
	ID    string   `arg:"" help:"Id of the key, as key list shows it."`
	Allow []string `help:"Addresses or CIDR ranges that the key may be used from; none is any." placeholder:"ADDRESS"`
}

// Run replaces the list.
func (c keyAllow) Run(ctx context.Context, w World) error {
	list, err := parseAllowlist(c.Allow)
	if err != nil {
		return err
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		k, err := h.Access.AllowKey(ctx, c.operator(), c.ID, list)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s may be used from: %s. Running servers know within two seconds.\n", k.PublicID, joinPrefixes(k.Allowlist))
		return err
	})
}

type keyRevoke struct {
	where
	ID string `arg:"" help:"Id of the key, as key list shows it."`
}

// Run revokes the key.
func (c keyRevoke) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		k, err := h.Access.RevokeKey(ctx, c.operator(), c.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s is revoked. Running servers refuse it within two seconds.\n", k.PublicID)
		return err
	})
}
