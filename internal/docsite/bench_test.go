package docsite_test

import "testing"

// BenchmarkFirstPage is what the first page costs after each start of a server.
func BenchmarkFirstPage(b *testing.B) {
	for b.Loop() {
		get(b, host(b), "/docs")
	}
}
