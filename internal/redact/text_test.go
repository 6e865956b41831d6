package redact_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/redact"
)

type outer struct {
	Public  redact.Text
	private redact.Text
	List    []redact.Text
	Any     any
	Map     map[string]redact.Text
}

func TestText_NoVerbOrEncoderPrintsTheSecret(t *testing.T) {
	t.Parallel()
	const secret = "048213-canary"
	s := redact.NewText(secret)
	nest := outer{Public: s, private: s, List: []redact.Text{s}, Any: s, Map: map[string]redact.Text{"k": s}}

	var out bytes.Buffer
	for _, v := range []any{s, &s, nest, &nest, []any{s, nest}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10v", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprint(&out, v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := xml.Marshal(v); err == nil {
			out.Write(b)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		fmt.Fprint(&out, fmt.Errorf("wrapped: %v", v), errors.Join(fmt.Errorf("x %+v", v)))
	}
	func() {
		defer func() { fmt.Fprintln(&out, recover()) }()
		panic(nest)
	}()
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
		t.Fatalf("the secret was printed")
	}
	if !strings.Contains(out.String(), redact.Mask) {
		t.Fatalf("the mask was never printed: the test reaches nothing")
	}
}

func TestText_RevealEqualWipe(t *testing.T) {
	t.Parallel()
	a, b := redact.NewText("123456"), redact.TextFromBytes([]byte("123456"))
	if !a.Equal(b) || a.Reveal() != "123456" || string(b.Bytes()) != "123456" || a.Len() != 6 {
		t.Fatal("equal secrets differ")
	}
	if a.Equal(redact.NewText("123457")) || a.Equal(redact.Text{}) {
		t.Fatal("different secrets are equal")
	}
	var zero redact.Text
	if !zero.IsZero() || redact.NewText("").IsZero() || zero.Reveal() != "" {
		t.Fatal("zero is not told apart from empty")
	}
	a.Wipe()
	if a.Reveal() == "123456" {
		t.Fatal("wipe left the secret")
	}
}
