package console

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/issuance"
)

var (
	// itemColumns are what a row may have. PINs are ordered through an API, which does not show them to anybody.
	itemColumns = []string{"identifier", "front_name", "qr", "campaign"}
	// toldColumns come from our own lists, and say nothing when they come back.
	toldColumns  = []string{"index", "outcome", "reason", "card_id"}
	blankLine    = regexp.MustCompile(`^\r?\n`)
	campaignForm = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
)

const (
	mostProblems = 20
	// blanks are what a row of nothing consists of.
	blanks   = ",;\t \r\n"
	emptyRow = " is empty. Take it out, or say there what the card is."
)

// readRows reads what was uploaded or pasted: a line with the names of the columns, then a row for each card, with commas, semicolons
// or tabs between, as spreadsheets give them.
func readRows(text string) (items []issuance.OrderItem, problems []string) {
	text = strings.TrimPrefix(text, "\ufeff")
	if !utf8.ValidString(text) {
		return nil, []string{"The file is no text in UTF-8."}
	}
	file := csv.NewReader(strings.NewReader(text))
	file.FieldsPerRecord = -1
	first, _, _ := strings.Cut(text, "\n")
	for _, mark := range ";\t" {
		if strings.ContainsRune(first, mark) && !strings.Contains(first, ",") {
			file.Comma = mark
		}
	}
	columns, err := file.Read()
	if err != nil {
		return nil, []string{"Choose a file, or paste rows: the first line has the names of the columns."}
	}
	for i, name := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
		switch name := columns[i]; {
		case slices.Contains(columns[:i], name):
			problems = append(problems, "The column "+strconv.Quote(name)+" is there twice.")
		case name == "pin":
			problems = append(problems, "PINs are not ordered here: this page would show them. Leave the column out.")
		case !slices.Contains(itemColumns, name) && !slices.Contains(toldColumns, name):
			problems = append(problems, "There is no column "+strconv.Quote(name)+". Those that may be there: "+strings.Join(itemColumns, ", ")+".")
		}
	}
	for len(problems) < mostProblems {
		rest := text[file.InputOffset():]
		if strings.TrimLeft(rest, blanks) == "" { // spreadsheets leave rows of nothing behind the last one
			break
		}
		if blankLine.MatchString(rest) { // the reader would pass over it, and the rows behind it would get other numbers
			return nil, append(problems, rowName(len(items))+emptyRow)
		}
		row, err := file.Read()
		switch {
		case err != nil:
			problems = append(problems, rowName(len(items))+" and those behind it cannot be read: a quotation mark is missing, or one too many.")
			return nil, problems
		case strings.Join(row, "") == "" && len(row) > 1:
			problems = append(problems, rowName(len(items))+emptyRow)
		case len(row) != len(columns):
			problems = append(problems, rowName(len(items))+" has "+strconv.Itoa(len(row))+" fields, the first line has "+strconv.Itoa(len(columns))+".")
		case len(items) == batch.MaxItems:
			return nil, append(problems, "One order has at most "+count(batch.MaxItems)+" cards.")
		}
		items = append(items, itemOf(columns, row))
	}
	if len(items) == 0 && len(problems) == 0 {
		problems = append(problems, "There is no row behind the names of the columns.")
	}
	return items, problems
}

// itemOf is the item of a row; an empty field is one that was not given.
func itemOf(columns, row []string) (item issuance.OrderItem) {
	for i, name := range columns[:min(len(columns), len(row))] {
		switch value := row[i]; {
		case value == "":
		case name == "identifier":
			item.Identifier = &value
		case name == "front_name":
			item.FrontName = value
		case name == "qr":
			item.QR = value
		case name == "campaign":
			if item.Campaign = value; !campaignForm.MatchString(value) {
				item.Unreadable = batch.CampaignUnknown
			}
		}
	}
	return item
}
