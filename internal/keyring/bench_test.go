package keyring_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/redact"
)

func BenchmarkSeal(b *testing.B) {
	k := newMachine(b).start(b)
	code := redact.NewText("048213")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Seal(codeOfPlastic, code); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k := newMachine(b).start(b)
	blob := mustSeal(b, k, codeOfPlastic, "048213")
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(ctx, codeOfPlastic, blob); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMAC(b *testing.B) {
	k := newMachine(b).start(b)
	code := []byte("048213")
	b.ReportAllocs()
	for b.Loop() {
		k.MAC(hashOfPlastic, code)
	}
}

func BenchmarkMACParallel(b *testing.B) {
	k := newMachine(b).start(b)
	code := []byte("048213")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			k.MAC(hashOfPlastic, code)
		}
	})
}
