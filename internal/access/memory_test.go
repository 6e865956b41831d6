package access

import (
	"fmt"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

var noon = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

func TestIdentities_TrustForTwoSecondsAndNotInThePast(t *testing.T) {
	t.Parallel()
	m := newIdentities(8)
	m.put([]byte("h"), &Identity{Credential: Credential{PublicID: "k"}}, noon, 0)
	for after, want := range map[time.Duration]bool{0: true, trustFor - 1: true, trustFor: false, -1: false} {
		if _, ok, _ := m.get([]byte("h"), noon.Add(after)); ok != want {
			t.Errorf("after %s: found %v, want %v", after, ok, want)
		}
	}
	if _, ok, _ := m.get([]byte("other"), noon); ok {
		t.Error("another hash is found")
	}
}

func TestIdentities_ForgetWhatMatchesAndWhatIsBeingRead(t *testing.T) {
	t.Parallel()
	m := newIdentities(8)
	m.put([]byte("a"), &Identity{Credential: Credential{PublicID: "a"}}, noon, 0)
	m.put([]byte("b"), &Identity{Credential: Credential{PublicID: "b"}}, noon, 0)
	_, _, age := m.get([]byte("c"), noon)
	m.forget(func(c Credential) bool { return c.PublicID == "a" })
	m.put([]byte("c"), &Identity{}, noon, age)
	for hash, want := range map[string]bool{"a": false, "b": true, "c": false} {
		if _, ok, _ := m.get([]byte(hash), noon); ok != want {
			t.Errorf("%s: found %v, want %v", hash, ok, want)
		}
	}
}

func TestIdentities_StayBounded(t *testing.T) {
	t.Parallel()
	m := newIdentities(8)
	for i := range 100 {
		m.put(fmt.Append(nil, i), &Identity{}, noon, 0)
		if len(m.found) > 8 {
			t.Fatalf("%d are remembered", len(m.found))
		}
		if _, ok, _ := m.get(fmt.Append(nil, i), noon); !ok {
			t.Fatal("the newest was forgotten")
		}
	}
	m.put([]byte("late"), &Identity{}, noon.Add(time.Hour), 0)
	if len(m.found) != 1 {
		t.Errorf("%d stale ones are still there", len(m.found)-1)
	}
}

func TestUses_AreWrittenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	u := newUses()
	a, b := Credential{ID: ident.CredentialID{UUID: ident.UUID{2}}}, Credential{ID: ident.CredentialID{UUID: ident.UUID{1}}}
	u.note(a, noon)
	u.note(a, noon.Add(time.Second))
	u.note(b, noon)
	list := u.take()
	if len(list) != 2 || list[0].id != b.ID || list[1].id != a.ID || !list[1].at.Equal(noon) {
		t.Fatalf("took %v", list)
	}
	u.note(a, noon.Add(usedStep-1))
	if list := u.take(); len(list) != 0 {
		t.Errorf("written twice within a minute: %v", list)
	}
	u.note(a, noon.Add(usedStep))
	if list := u.take(); len(list) != 1 {
		t.Errorf("a later use is not written: %v", list)
	}
	u.note(Credential{ID: b.ID, LastUsed: noon}, noon.Add(time.Second))
	if list := u.take(); len(list) != 0 {
		t.Error("what another process has written is written again")
	}
}
