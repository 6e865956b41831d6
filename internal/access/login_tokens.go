package access

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// Lifetimes of the tokens of a sign-in (debit contract §3.3).
const (
	accessLifetime  = 600 * time.Second
	refreshLifetime = 7_776_000 * time.Second
)

// What a token of a sign-in says of itself.
const (
	accessType  = "AS"
	refreshType = "RS"
	loginLevel  = "Private"
	signedBy    = "HS256"
)

// claims are what a token of a sign-in holds. Its id is that of the sign-in with the generation, so that
// nothing but the sign-in itself needs to be kept.
type claims struct {
	jwt.RegisteredClaims
	Type  string `json:"type"`
	Level string `json:"authorizationLevel"`
}

// Pair is the two tokens of a sign-in.
type Pair struct{ Access, Refresh redact.Text }

// LoginSigner keeps the key that signs the tokens. The rules about cards have it.
type LoginSigner interface{ LoginKey() redact.Text }

// sign makes the pair of a sign-in's newest generation.
func sign(signer LoginSigner, l Login, u User, now time.Time) (Pair, error) {
	key := signer.LoginKey().Bytes()
	defer clear(key)
	token := func(kind string, lifetime time.Duration) (redact.Text, error) {
		raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
			RegisteredClaims: jwt.RegisteredClaims{
				Subject: u.PublicID, ID: fmt.Sprintf("%s.%d", l.ID, l.Generation),
				IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
			},
			Type: kind, Level: loginLevel,
		}).SignedString(key)
		return redact.NewText(raw), err
	}
	short, err := token(accessType, accessLifetime)
	if err != nil {
		return Pair{}, err
	}
	long, err := token(refreshType, refreshLifetime)
	return Pair{Access: short, Refresh: long}, err
}

// seen is a token of a sign-in that this house has signed.
type seen struct {
	user       string // public id
	login      ident.LoginID
	generation int
	expires    time.Time
}

// mostToken is how long a token of a sign-in may be; ours are half of it.
const mostToken = 1024

// verify reads a token of that type. Only the signature is checked here: whether the token is over, only its
// programme's clock can tell.
func verify(signer LoginSigner, token, kind string) (seen, bool) {
	if len(token) > mostToken {
		return seen{}, false
	}
	key := signer.LoginKey().Bytes()
	defer clear(key)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{signedBy}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	var c claims
	if _, err := parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return seen{}, false
	}
	if c.Type != kind || c.Level != loginLevel || c.Subject == "" || c.IssuedAt == nil || c.ExpiresAt == nil {
		return seen{}, false
	}
	id, generation, ok := strings.Cut(c.ID, ".")
	login, err := ident.ParseUUID(id)
	n, notNumber := strconv.Atoi(generation)
	if !ok || err != nil || notNumber != nil {
		return seen{}, false
	}
	return seen{user: c.Subject, login: ident.LoginID{UUID: login}, generation: n, expires: c.ExpiresAt.Time}, true
}
