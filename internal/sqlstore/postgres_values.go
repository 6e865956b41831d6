package sqlstore

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// postgresArg is a value as the columns keep it: numbers are BIGINT, ids and blobs BYTEA.
func postgresArg(arg any) (any, error) {
	switch v := arg.(type) {
	case nil, int64, string:
		return v, nil
	case int:
		return int64(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case []byte:
		if v == nil {
			return nil, nil //nolint:nilnil // NULL, and no error
		}
		return v, nil
	case ident.UUID:
		if v.IsZero() {
			return nil, nil //nolint:nilnil // as above
		}
		return v[:], nil
	case time.Time:
		if v.IsZero() {
			return nil, nil //nolint:nilnil // as above
		}
		return v.UnixMicro(), nil
	case time.Duration:
		return int64(v), nil
	case [][]byte, []string, []int64, []pgtype.Int8, []pgtype.Text:
		return v, nil // arrays, which only this engine asks for
	}
	return nil, fmt.Errorf("it has type %T", arg)
}

// postgresRow reads the values as they came, without copies on the way.
type postgresRow struct {
	rows pgx.Rows
	skip int // columns before the first that is asked for
}

func (r postgresRow) scan(dest ...any) error {
	raw, fields := r.rows.RawValues()[r.skip:], r.rows.FieldDescriptions()[r.skip:]
	if len(raw) != len(dest) {
		return fault.Wrap(fmt.Errorf("the row has %d columns and %d are asked for", len(raw), len(dest)), "scan")
	}
	for i, to := range dest {
		if err := scanValue(raw[i], fields[i], to); err != nil {
			return fault.Wrap(fmt.Errorf("column %s: %w", fields[i].Name, err), "scan")
		}
	}
	return nil
}

func scanValue(raw []byte, f pgconn.FieldDescription, to any) error {
	switch v := to.(type) {
	case *string:
		*v = string(raw)
		return nil
	case **string:
		*v = nil
		if raw != nil {
			s := string(raw)
			*v = &s
		}
		return nil
	case text:
		if len(raw) == 0 {
			return nil
		}
		return v(string(raw))
	case *[]byte:
		b, err := blobOf(raw, f)
		*v = slices.Clone(b)
		return err
	case *ident.UUID:
		return scanID(raw, f, v)
	}
	n, err := numberOf(raw, f)
	if err != nil {
		return err
	}
	switch v := to.(type) {
	case *int64:
		*v = n
	case **int64:
		*v = nil
		if raw != nil {
			*v = &n
		}
	case *int:
		*v = int(n)
	case *bool:
		*v = n != 0
	case *time.Time:
		*v = time.Time{}
		if raw != nil {
			*v = time.UnixMicro(n).UTC()
		}
	case *time.Duration:
		*v = time.Duration(n)
	default:
		return fmt.Errorf("it is asked for as %T", to)
	}
	return nil
}

var errNoNumber = errors.New("it holds no whole number")

// numberOf reads a whole number; NULL is 0.
func numberOf(raw []byte, f pgconn.FieldDescription) (int64, error) {
	switch {
	case raw == nil:
		return 0, nil
	case f.Format == pgtype.TextFormatCode:
		return strconv.ParseInt(string(raw), 10, 64)
	case f.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // the sign is in the bits
	case f.DataTypeOID == pgtype.Int4OID && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil //nolint:gosec // as above
	}
	return 0, errNoNumber
}

// blobOf gives the bytes of a blob, which are good until the next row; NULL is nil.
func blobOf(raw []byte, f pgconn.FieldDescription) ([]byte, error) {
	if raw == nil || f.Format == pgtype.BinaryFormatCode {
		return raw, nil
	}
	digits, found := strings.CutPrefix(string(raw), `\x`)
	if !found {
		return nil, errors.New("it holds no blob")
	}
	return hex.DecodeString(digits)
}

func scanID(raw []byte, f pgconn.FieldDescription, to *ident.UUID) error {
	*to = ident.UUID{}
	b, err := blobOf(raw, f)
	if err != nil {
		return err
	}
	if len(b) != 0 && len(b) != len(to) {
		return fmt.Errorf("it holds %d bytes where an id has 16", len(b))
	}
	copy(to[:], b)
	return nil
}
