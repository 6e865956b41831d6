package transaction_test

import (
	"math/big"
	"testing"

	"github.com/firsttap/firsttap/internal/transaction"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		literal, currency string
		want              int64
		problem           transaction.Problem
	}{
		{"12.50", "USD", 1250, ""},
		{"12.5", "USD", 1250, ""},
		{"12", "USD", 1200, ""},
		{"0.01", "USD", 1, ""},
		{"0", "USD", 0, ""},
		{"-0", "USD", 0, ""},
		{"0.000", "USD", 0, ""},
		{"12.500", "USD", 1250, ""},
		{"1.25e1", "USD", 1250, ""},
		{"1250e-2", "USD", 1250, ""},
		{"12.505", "USD", 0, transaction.TooPrecise},
		{"1e-3", "USD", 0, transaction.TooPrecise},
		{"1e-99999999999", "USD", 0, transaction.TooPrecise},
		{"1000000", "USD", 100_000_000, ""},
		{"1000000.01", "USD", 0, transaction.TooLarge},
		{"1e99999999999", "USD", 0, transaction.TooLarge},
		{"1e400", "USD", 0, transaction.TooLarge},
		{"-1", "USD", 0, transaction.IsNegative},
		{"-0.001", "USD", 0, transaction.IsNegative},
		{"100", "JPY", 100, ""},
		{"100.0", "JPY", 100, ""},
		{"100.5", "JPY", 0, transaction.TooPrecise},
		{"1.125", "KWD", 1125, ""},
		{"1", "XXX", 0, transaction.NoSuchMoney},
		{"1", "usd", 0, transaction.NoSuchMoney},
		{"1", "D A", 0, transaction.NoSuchMoney},
		{"1", "", 0, transaction.NoSuchMoney},
	} {
		got, problem := transaction.ParseAmount(c.literal, c.currency, 100_000_000)
		if got != c.want || problem != c.problem {
			t.Errorf("%s %s reads %d %q, want %d %q", c.literal, c.currency, got, problem, c.want, c.problem)
		}
	}
}

func TestPrintAndRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor          int64
		currency, want string
	}{{1250, "USD", "12.50"}, {5, "USD", "0.05"}, {0, "USD", "0.00"}, {-5, "USD", "-0.05"}, {-100000, "USD", "-1000.00"}, {7, "JPY", "7"}, {1, "KWD", "0.001"}} {
		if got := transaction.Print(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s prints %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
	for _, c := range []struct {
		billed, original int64
		ours, theirs     string
		want             string
	}{
		{1250, 1250, "USD", "USD", "1"},
		{1282, 10000, "USD", "HKD", "0.1282"},
		{1000, 909, "USD", "EUR", "1.10011"},
		{1000, 1500, "USD", "JPY", "0.006667"},
		{100, 333, "USD", "KWD", "3.003003"},
		{0, 0, "USD", "USD", "1"},
		{1, 1_000_000_000, "USD", "EUR", "0"},
		{100_000_000, 1, "USD", "JPY", "1000000"},
	} {
		if got := transaction.Rate(transaction.Amount{Billed: c.billed, Original: c.original}, c.ours, c.theirs); got != c.want {
			t.Errorf("%d %s for %d %s: rate %s, want %s", c.billed, c.ours, c.original, c.theirs, got, c.want)
		}
	}
}

// FuzzParseAmount: what is read is exactly what was written.
func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"12.50", "-0", "1e2", "0.1", "999999999999999999999", "1E-2", "12.500"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, ok := new(big.Rat).SetString(s)
		if !ok || len(s) > 40 || !jsonNumber(s) {
			return
		}
		minor, problem := transaction.ParseAmount(s, "USD", 1<<50)
		if problem != "" {
			return
		}
		if got := big.NewRat(minor, 100); got.Cmp(want) != 0 {
			t.Errorf("%q reads %s", s, got.FloatString(4))
		}
		if again, problem := transaction.ParseAmount(transaction.Print(minor, "USD"), "USD", 1<<50); again != minor || problem != "" {
			t.Errorf("%q prints and reads %d, %s", s, again, problem)
		}
	})
}

// jsonNumber keeps to the literals that JSON has.
func jsonNumber(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && r != '.' && r != '-' && r != 'e' && r != 'E' {
			return false
		}
	}
	return s[0] != '.' && s[len(s)-1] != '.'
}
