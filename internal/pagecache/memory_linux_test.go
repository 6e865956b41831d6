//go:build amd64 || arm64

package pagecache

import (
	"math/rand/v2"
	"sync"
	"testing"

	"zombiezen.com/go/sqlite/sqlitex"
)

// No two hold one slot at a time, whoever takes and gives back meanwhile.
func TestEachSlotHasOneHolder(t *testing.T) {
	open(t)
	var group sync.WaitGroup
	for me := range byte(8) {
		group.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(me), 1))
			var mine []uintptr
			for range 3000 {
				if len(mine) > 0 && chance.IntN(3) == 0 {
					i := chance.IntN(len(mine))
					if b := bytesAt(mine[i], largest); b[0] != me || b[largest-1] != me {
						t.Errorf("somebody wrote into the slot of %d", me)
						return
					}
					slots.put(mine[i])
					mine = append(mine[:i], mine[i+1:]...)
					continue
				}
				p := slots.take()
				if p == 0 || p%64 != 0 || !slots.holds(p) || !slots.holds(p+largest-1) {
					t.Errorf("a slot at %x", p)
					return
				}
				b := bytesAt(p, largest)
				b[0], b[largest-1] = me, me
				mine = append(mine, p)
			}
			for _, p := range mine {
				slots.put(p)
			}
		})
	}
	group.Wait()
}

func TestALibraryInUseKeepsItsPagesInSlots(t *testing.T) {
	conn := open(t)
	used := func() int {
		slots.mu.Lock()
		defer slots.mu.Unlock()
		n := int(slots.unused-slots.start) / largest
		for free := slots.free; free != 0; free = *word(free) {
			n--
		}
		return n
	}
	before := used()
	for _, sql := range []string{
		"CREATE TABLE some (page BLOB)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 30000) INSERT INTO some SELECT randomblob(100) FROM n",
	} {
		if err := sqlitex.ExecuteTransient(conn, sql, nil); err != nil {
			t.Fatal(err)
		}
	}
	if more := used() - before; more < 400 { // some 800 pages, of which a connection keeps 2 MB
		t.Errorf("%d slots more for 800 pages", more)
	}
}
