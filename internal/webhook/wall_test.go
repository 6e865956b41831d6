package webhook

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// The checks before the wall let nothing through that the wall would stop, so only a test from inside can
// show that it stands: it dials what the checks would have refused.
func TestWall_StopsTheSocketBeforeItConnects(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })

	to := netip.MustParseAddrPort(l.Addr().String())
	port := strconv.Itoa(int(to.Port()))
	s := NewSender(Config{Resolver: net.DefaultResolver, Now: time.Now})
	conn, _, err := s.dial(t.Context(), []netip.Addr{to.Addr()}, port, TargetPolicy{})
	if conn != nil || !errors.Is(err, errWall) {
		t.Fatalf("got connection %v, error %v", conn, err)
	}
	if got := failureOf(t.Context(), err, FailureConnect); got != FailureRefusedTarget {
		t.Fatalf("named %q", got)
	}

	conn, _, err = s.dial(t.Context(), []netip.Addr{to.Addr()}, port, TargetPolicy{AllowPrivate: true})
	if err != nil {
		t.Fatalf("the wall stops what the policy admits: %v", err)
	}
	_ = conn.Close()
}

func TestWall_StopsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1", "localhost:80", "[fe80::1%eth0]:443", "0.0.0.0:443"} {
		if err := wall(TargetPolicy{AllowPrivate: true})("tcp", address, nil); !errors.Is(err, errWall) {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
