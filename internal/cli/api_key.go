package cli

import (
	"context"
	"strings"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiKey struct {
	List   apiKeyList   `cmd:"" help:"List the keys of the programme, newest first, ended ones included."`
	Show   apiKeyShow   `cmd:"" help:"Show a key, without its secret."`
	Issue  apiKeyIssue  `cmd:"" help:"Issue a key. Its secret is printed once."`
	Allow  apiKeyAllow  `cmd:"" help:"Replace the addresses that a key may be used from."`
	Rotate apiKeyRotate `cmd:"" help:"Put a new key in the place of another. Its secret is printed once."`
	Revoke apiKeyRevoke `cmd:"" help:"End a key for good."`
}

type ofKey struct {
	remote
	ID string `arg:"" help:"Id of the key, as the list shows it."`
}

func keyPairs(k client.APIKey) [][2]string {
	return [][2]string{
		{"id", k.ID},
		{"name", k.Name},
		{"for", k.Door},
		{"scopes", strings.Join(k.Scopes, ", ")},
		{"from", strings.Join(k.Allowlist, ", ")},
		{"status", k.Status},
		{"expires", moment(k.ExpiresAt)},
		{"last used", moment(k.LastUsedAt)},
		{"made", moment(k.CreatedAt)},
	}
}

func issuedPairs(k client.IssuedKey) [][2]string {
	return append(keyPairs(k.APIKey), [2]string{"secret", k.Secret})
}

type apiKeyList struct {
	remote
	sorted
	Door string `enum:"native,cards,debit" default:"native" help:"The API that they are for: native, cards or debit."`
}

// Run lists keys.
func (c apiKeyList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Keys(ctx, c.Door), []string{"ID", "NAME", "SCOPES", "STATUS", "FROM", "EXPIRES", "LAST USED"}, func(k client.APIKey) []string {
		return []string{k.ID, k.Name, dash(strings.Join(k.Scopes, ",")), k.Status, dash(strings.Join(k.Allowlist, ",")), moment(k.ExpiresAt), moment(k.LastUsedAt)}
	})
}

type apiKeyShow struct{ ofKey }

// Run shows a key.
func (c apiKeyShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	k, err := l.api.Key(ctx, c.ID)
	return show(l, k, err, keyPairs)
}

type apiKeyIssue struct {
	remote
	because
	Name    string        `arg:"" help:"What people call the key."`
	Door    string        `enum:"native,cards,debit" default:"native" help:"The API that it is for: native, cards or debit."`
	Scope   []string      `help:"What a native key may do; no more than your own key may." placeholder:"SCOPE"`
	Allow   []string      `help:"Addresses or CIDR ranges that it may be used from; default is any." placeholder:"ADDRESS"`
	Expires time.Duration `help:"It ends after this time; default is never."`
}

// Run issues a key.
func (c apiKeyIssue) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	n := client.NewKey{Name: c.Name, Door: c.Door, Scopes: c.Scope, Allowlist: c.Allow}
	if c.Expires != 0 {
		at := time.Now().Add(c.Expires).UTC()
		n.ExpiresAt = &at
	}
	k, err := l.api.IssueKey(ctx, n, c.options()...)
	return show(l, k, err, issuedPairs)
}

type apiKeyAllow struct {
	ofKey
	because
	Allow []string `help:"Addresses or CIDR ranges that the key may be used from; none is any." placeholder:"ADDRESS"`
}

// Run replaces the list.
func (c apiKeyAllow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	from := append([]string{}, c.Allow...)
	k, err := l.api.ChangeKey(ctx, c.ID, client.KeyChange{Allowlist: &from}, c.options()...)
	return show(l, k, err, keyPairs)
}

type apiKeyRotate struct {
	ofKey
	because
	Overlap time.Duration `help:"How long the old key lives on, at most 720h; default is not at all."`
}

// Run puts a new key in the place of another.
func (c apiKeyRotate) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	k, err := l.api.RotateKey(ctx, c.ID, c.Overlap, c.options()...)
	return show(l, k, err, issuedPairs)
}

type apiKeyRevoke struct {
	ofKey
	forWhom
	Reason string `help:"Why; kept in the audit trail."`
}

// Run revokes a key.
func (c apiKeyRevoke) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	k, err := l.api.RevokeKey(ctx, c.ID, c.Reason, c.options()...)
	return said(l, k, err, "%s is revoked.", k.ID)
}
