package sqlstore

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// mostRows is how many rows one merged INSERT has at most.
const mostRows = 64

// merge gathers the rows that a group adds to one table, where nothing is expected of them, into few
// statements; they go last.
func merge(b batch) batch {
	out := make(batch, 0, len(b))
	rows := map[string][][]any{}
	var tables []string
	for _, s := range b {
		if s.affected != nil || !isPlainInsert(s.sql) {
			out = append(out, s)
			continue
		}
		if rows[s.sql] == nil {
			tables = append(tables, s.sql)
		}
		if s.rows == nil {
			s.rows = [][]any{s.args}
		}
		rows[s.sql] = append(rows[s.sql], s.rows...)
	}
	for _, sql := range tables {
		out.insert(sql, rows[sql], nil)
	}
	return expand(out)
}

// expand turns statements of many rows into such of one text each. Their lengths are powers of two, so
// that few texts are ever prepared.
func expand(b batch) batch {
	if !slices.ContainsFunc(b, func(s statement) bool { return s.rows != nil }) {
		return b
	}
	out := make(batch, 0, len(b))
	for _, s := range b {
		if s.rows == nil {
			out = append(out, s)
			continue
		}
		var total int64
		for left := s.rows; len(left) > 0; {
			n := 1 << (bits.Len(uint(min(len(left), mostRows))) - 1)
			piece := statement{sql: withRows(s.sql, n, len(left[0])), args: slices.Concat(left[:n]...)}
			left = left[n:]
			if last := len(left) == 0; s.affected != nil {
				piece.affected = func(rows int64) error {
					if total += rows; last {
						return s.affected(total)
					}
					return nil
				}
			}
			out = append(out, piece)
		}
	}
	return out
}

func isPlainInsert(sql string) bool {
	return strings.HasPrefix(sql, "INSERT INTO ") && !strings.Contains(sql, "ON CONFLICT") && strings.Contains(sql, valuesOf)
}

const valuesOf = "VALUES ("

// withRows is an INSERT of one row, whose values are all placeholders, as an INSERT of n.
func withRows(sql string, n, width int) string {
	head, values, _ := strings.Cut(sql, valuesOf)
	_, tail, _ := strings.Cut(values, ")")
	var text strings.Builder
	text.WriteString(head + "VALUES ")
	for at := range n * width {
		switch {
		case at == 0:
			text.WriteString("(")
		case at%width == 0:
			text.WriteString("), (")
		default:
			text.WriteString(", ")
		}
		text.WriteString("$" + strconv.Itoa(at+1))
	}
	text.WriteString(")" + tail)
	return text.String()
}
