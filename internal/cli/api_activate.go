package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/client"
)

type apiCardActivate struct {
	ofCard
	because
	Code       string `help:"File with the code of the mailer, - for standard input; default is standard input, unless there is --identifier." placeholder:"FILE"`
	Identifier string `help:"The label of the card in its batch." placeholder:"LABEL"`
	Batch      string `help:"Reference of its batch, beside --identifier." placeholder:"REF"`
	Customer   string `help:"Who will hold it, beside --identifier." placeholder:"ID"`
	Account    int64  `help:"Number of the account that it spends, beside --identifier." placeholder:"NUMBER"`
	PIN        string `name:"pin" help:"File with the PIN, - for standard input, beside --identifier." placeholder:"FILE"`
}

// Run activates the card. Code and PIN come from files: others can read a command line.
func (c apiCardActivate) Run(ctx context.Context, w World) error {
	how := client.Activate{Identifier: c.Identifier, ReferenceBatch: c.Batch, CustomerID: c.Customer, AccountNumberID: c.Account}
	if c.Identifier == "" && c.Code == "" {
		c.Code = "-"
	}
	if c.Code == "-" && c.PIN == "-" {
		return usageError("only one of --code and --pin can come from standard input")
	}
	for _, secret := range []struct {
		from string
		to   *string
	}{{c.Code, &how.Code}, {c.PIN, &how.PIN}} {
		if secret.from == "" {
			continue
		}
		var err error
		if *secret.to, err = w.secretFrom(secret.from); err != nil {
			return err
		}
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.Activate(ctx, c.ID, how, c.options()...)
	return said(l, v, err, "The card is activated.")
}

type apiActivateMany struct {
	remote
	approved
	File   string `arg:"" help:"CSV file: a line with the names card_id, code, identifier, reference_batch, customer_id; then a card in each."`
	Reason string `help:"Why; kept in the audit trail."`
	Once   string `help:"Name of this work: run again with the same one, nothing is done twice. Default is a new one." placeholder:"KEY"`
}

// mostAtOnce is how many cards the API activates in one call.
const mostAtOnce = 1000

// activateColumns are those of the file.
var activateColumns = []string{"card_id", "code", "identifier", "reference_batch", "customer_id"}

// Run activates the cards, a thousand at a time, and prints those that were refused.
func (c apiActivateMany) Run(ctx context.Context, w World) error {
	rows, err := readRows(w, c.File, activateColumns)
	if err != nil {
		return err
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	if c.Once == "" {
		c.Once = rand.Text()
	}
	items := make([]client.ActivateItem, len(rows))
	for i, r := range rows {
		items[i] = client.ActivateItem{CardID: r["card_id"], Activate: client.Activate{
			Code: r["code"], Identifier: r["identifier"], ReferenceBatch: r["reference_batch"], CustomerID: r["customer_id"],
		}}
	}
	var refused [][]string
	steps, done := newSteps(w), 0
	for part := range slices.Chunk(items, mostAtOnce) {
		out, err := l.api.ActivateMany(ctx, c.Once+"-"+strconv.Itoa(done/mostAtOnce), part, append(c.options(), client.Because(c.Reason))...)
		if err != nil {
			steps.end()
			return fmt.Errorf("%w\n  %d of %d cards were tried; go on with --once %s", err, done, len(items), c.Once)
		}
		for _, o := range out.Items {
			if o.Problem != nil {
				refused = append(refused, []string{strconv.Itoa(done + o.Index + 2), dash(o.CardID), string(o.Problem.Reason), o.Problem.Detail})
			}
		}
		done += len(part)
		steps.at("activating", "cards", int64(done), int64(len(items)))
	}
	steps.end()
	if l.json {
		return l.printItems(len(items))
	}
	_, _ = fmt.Fprintf(w.Stdout, "%d of %d cards are activated.\n", len(items)-len(refused), len(items))
	if len(refused) == 0 {
		return nil
	}
	if err := table(w.Stdout, []string{"LINE", "CARD", "REASON", "WHY"}, refused); err != nil {
		return err
	}
	return errSaid
}

// readRows reads a CSV file whose first line names columns, each of which must be known.
func readRows(w World, name string, known []string) ([]map[string]string, error) {
	content, err := w.ReadFile(name)
	if err != nil {
		return nil, err
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff")))).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(all) < 2 {
		return nil, usageError(name + " has no line after the one with the names of the columns")
	}
	for _, column := range all[0] {
		if !slices.Contains(known, column) {
			return nil, usageError(fmt.Sprintf("%s has a column %q; known are %s", name, column, strings.Join(known, ", ")))
		}
	}
	rows := make([]map[string]string, len(all)-1)
	for i, fields := range all[1:] {
		rows[i] = map[string]string{}
		for j, field := range fields {
			rows[i][all[0][j]] = field
		}
	}
	return rows, nil
}
