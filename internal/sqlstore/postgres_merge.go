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
// statements; they go last. Their lengths are powers of two, so that few texts are ever prepared.
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
		rows[s.sql] = append(rows[s.sql], s.args)
	}
	for _, sql := range tables {
		for left := rows[sql]; len(left) > 0; {
			n := 1 << (bits.Len(uint(min(len(left), mostRows))) - 1)
			out.write(withRows(sql, n, len(left[0])), slices.Concat(left[:n]...), nil)
			left = left[n:]
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
	head, _, _ := strings.Cut(sql, valuesOf)
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
	text.WriteString(")")
	return text.String()
}
