package wirejson

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/secrettest"
)

func parse(t *testing.T, body string) Value {
	t.Helper()
	v, err := Parse([]byte(body), Options{AllowDuplicateNames: true})
	if err != nil {
		t.Fatalf("Parse(%q) = %v", body, err)
	}
	return v
}

func TestValue_ReadersNeverCoerce(t *testing.T) {
	t.Parallel()
	values := map[Kind]string{
		Null: `null`, Bool: `true`, Number: `1`, String: `"1"`, Object: `{"a":1}`, Array: `[1]`,
	}
	object := parse(t, `{"a":1}`)
	check := func(kind Kind, v Value) {
		if v.Kind() != kind {
			t.Errorf("kind = %v, want %v", v.Kind(), kind)
		}
		_, isBool := v.Bool()
		_, isString := v.String()
		_, isInt := v.Int64()
		_, isNumber := v.Number()
		got := fmt.Sprint(isBool, isString, isInt, isNumber, v.IntegerForm())
		want := fmt.Sprint(kind == Bool, kind == String, kind == Number, kind == Number, kind == Number)
		if got != want {
			t.Errorf("the readers of %v say %s, want %s", kind, got, want)
		}
		if given := kind != Absent && kind != Null; v.Given() != given {
			t.Errorf("%v: Given = %v", kind, v.Given())
		}
		if has := v.Get("a").Kind() != Absent; has != (kind == Object) {
			t.Errorf("%v has a member: %v", kind, has)
		}
		if got, want := v.Len(), map[Kind]int{Object: 1, Array: 1}[kind]; got != want {
			t.Errorf("%v: Len = %d, want %d", kind, got, want)
		}
	}
	for kind, body := range values {
		check(kind, parse(t, body))
	}
	check(Absent, object.Get("b"))
	check(Absent, Value{})
}

func TestValue_GetFindsTheMember(t *testing.T) {
	t.Parallel()
	v := parse(t, ` { "a" : { "x" : "}\",{" } , "\u00e9\n" : [ [ ] , {} ] , "" : 12.50 , "a" : "last" } `)
	for name, want := range map[string]string{
		"a": `"last"`, "é\n": `[ [ ] , {} ]`, "": `12.50`, "A": ``, "x": ``,
	} {
		if got := string(v.Get(name).Raw()); got != want {
			t.Errorf("Get(%q) = %s, want %s", name, got, want)
		}
	}
	strict, err := Parse([]byte(`{"b":false,"c":null}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := strict.Get("b").Bool(); b || !ok {
		t.Errorf("b = %v, %v", b, ok)
	}
	if got := strict.Get("c").Kind(); got != Null {
		t.Errorf("c is %v, want null", got)
	}
}

func TestValue_WalksInTheOrderSent(t *testing.T) {
	t.Parallel()
	var names, elements []string
	for name, member := range parse(t, `{"z":1,"\u0061":2,"z":[3]}`).Members() {
		names = append(names, name+string(member.Raw()))
	}
	if want := []string{"z1", "a2", "z[3]"}; !slices.Equal(names, want) {
		t.Errorf("members %q, want %q", names, want)
	}
	for i, element := range parse(t, `[ 1 , "]" , [ 2 ] , {"a":3}, null]`).Elements() {
		elements = append(elements, fmt.Sprint(i)+string(element.Raw()))
	}
	if want := []string{`01`, `1"]"`, `2[ 2 ]`, `3{"a":3}`, `4null`}; !slices.Equal(elements, want) {
		t.Errorf("elements %q, want %q", elements, want)
	}
	for range parse(t, `[1,2,3]`).Elements() {
		break // a walk may stop early
	}
	for range parse(t, `{"a":1,"b":2}`).Members() {
		break
	}
}

func TestValue_Int64IsExact(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want        int64
		ok, integer bool
	}{
		`0`:                       {0, true, true},
		`-0`:                      {0, true, true},
		`9007199254740993`:        {9007199254740993, true, true},
		`9223372036854775807`:     {9223372036854775807, true, true},
		`-9223372036854775808`:    {-9223372036854775808, true, true},
		`9223372036854775808`:     {0, false, true},
		`12.0`:                    {12, true, false},
		`1.2e1`:                   {12, true, false},
		`-120E-1`:                 {-12, true, false},
		`0.0012e+4`:               {12, true, false},
		`1.25e2`:                  {125, true, false},
		`9.007199254740993e15`:    {9007199254740993, true, false},
		`9.223372036854775808e18`: {0, false, false},
		`1e18`:                    {1000000000000000000, true, false},
		`1e19`:                    {0, false, false},
		`0e999999999999`:          {0, true, false},
		`1e999999999999`:          {0, false, false},
		`1e99999999999999999999`:  {0, false, false},
		`12.5`:                    {0, false, false},
		`1e-1`:                    {0, false, false},
	}
	for literal, tt := range tests {
		v := parse(t, literal)
		if got, ok := v.Int64(); got != tt.want && tt.ok || ok != tt.ok {
			t.Errorf("Int64(%s) = %d, %v, want %d, %v", literal, got, ok, tt.want, tt.ok)
		}
		if v.IntegerForm() != tt.integer {
			t.Errorf("IntegerForm(%s) = %v", literal, v.IntegerForm())
		}
		if got, ok := v.Number(); got != literal || !ok {
			t.Errorf("Number(%s) = %s, %v", literal, got, ok)
		}
	}
}

func TestValue_WholeLooksAtTheValueNotTheForm(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]bool{
		`0`: true, `-0.0`: true, `52`: true, `52.0`: true, `5.2e1`: true, `-520E-1`: true, `1e30`: true, `9223372036854775808`: true,
		`1.25e2`: true, `0e-999999999999999999999`: true, `1e999999999999999999999`: true, `10e9223372036854775807`: true,
		`52.5`: false, `1e-1`: false, `0.1`: false, `1e-999999999999999999999`: false, `0.1e-9223372036854775808`: false, `-1.255e2`: false,
		`"52"`: false, `null`: false, `true`: false, `[1]`: false,
	} {
		if got := parse(t, literal).Whole(); got != want {
			t.Errorf("Whole(%s) = %v", literal, got)
		}
	}
	if (Value{}).Whole() {
		t.Error("what is absent is whole")
	}
}

func TestValue_Int64ReadsEveryFormOfOneNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		zeros := rapid.IntRange(0, 30).Draw(t, "zeros")
		if n == 0 {
			zeros = 0 // JSON has no leading zeros
		}
		literal := fmt.Sprintf("%d%s.0e-%d", n, strings.Repeat("0", zeros), zeros)
		v, err := Parse([]byte(literal), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Int64(); got != n || !ok {
			t.Fatalf("Int64(%s) = %d, %v", literal, got, ok)
		}
	})
}

func TestValue_NeverPrintsItsContent(t *testing.T) {
	t.Parallel()
	const code = "048213"
	v := parse(t, `{"activationCode":"`+code+`"}`)
	inside := struct {
		Public  Value
		private Value
	}{v, v.Get("activationCode")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("read", "body", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("read", "body", v)
	out := log.String() + fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v) + fmt.Sprintf("%v %+v", inside, inside)
	if secrettest.Digits(out, code) > 0 || strings.Contains(out, fmt.Sprintf("%x", code)) {
		t.Errorf("the code was printed: %s", out)
	}
}

func TestKindsAndProblemsHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := Absent; k <= Array; k++ {
		seen[k.String()] = true
	}
	for p := Problem(0); p <= TooLarge; p++ {
		seen[p.String()] = true
	}
	if want := int(Array) + 1 + int(TooLarge) + 1; len(seen) != want {
		t.Errorf("%d names, want %d: %v", len(seen), want, seen)
	}
	if got := (&Error{Problem: TooDeep, Offset: 7}).Error(); got != "json: too deep at byte 7" {
		t.Errorf("Error() = %q", got)
	}
	if ProblemOf(nil) != 0 || ProblemOf(fmt.Errorf("other")) != 0 {
		t.Error("what is no refused body has a problem")
	}
	if got := ProblemOf(fmt.Errorf("wrapped: %w", &Error{Problem: TooDeep})); got != TooDeep {
		t.Errorf("a wrapped error has the problem %v", got)
	}
}
