package debitapi_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkUpload is one order of so many items through the door: read, checked and staged.
func BenchmarkUpload(b *testing.B) {
	for _, n := range []int{500, 5000} {
		b.Run(fmt.Sprintf("%d items", n), func(b *testing.B) {
			h := newHouse(b)
			round := 0
			for b.Loop() {
				round++
				h.order(bigOrder(round, n)).reference(b)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

// BenchmarkMakeBatch is what a worker makes of staged items on SQLite, in its usual steps.
func BenchmarkMakeBatch(b *testing.B) {
	const n = 5000
	h := newHouse(b)
	round := 0
	for b.Loop() {
		b.StopTimer()
		round++
		h.order(bigOrder(round, n)).reference(b)
		b.StartTimer()
		h.work(500)
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "items/s")
}

func bigOrder(round, n int) string {
	var s strings.Builder
	s.WriteString("{" + cancun + `,"batch":[`)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"card_identifier":"R%d-%d","front_name":"LAURA PEREZ","pin":"7391"}`, round, i)
	}
	s.WriteString("]}")
	return s.String()
}
