package sqlstore

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// What a lossy line does to the next commit that crosses it.
const (
	passAll      int32 = iota
	loseTheAsk         // the connection breaks before the server hears of the commit
	loseTheReply       // it breaks when the server has committed, before the client hears of it
)

// lossy is a line to a server that breaks when it is told to.
type lossy struct {
	folder string
	next   atomic.Int32 // what happens to the next commit; then all is well again
	broken atomic.Int32 // how often it broke
}

// newLossy puts a line before a cluster. Clients reach it through the folder, as they would the server.
func newLossy(t *testing.T, cluster *pgtest.Cluster) *lossy {
	t.Helper()
	folder, err := os.MkdirTemp("", "firsttap-line-") //nolint:usetesting // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{folder: folder}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(folder, filepath.Base(cluster.Socket())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = listener.Close() // the folder goes with it
		_ = os.RemoveAll(folder)
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := (&net.Dialer{}).DialContext(t.Context(), "unix", cluster.Socket())
			if err != nil {
				_ = client.Close()
				continue
			}
			go l.carry(client, server)
		}
	}()
	return l
}

// carry hands bytes on in both directions until one side ends, or the line breaks.
func (l *lossy) carry(client, server net.Conn) {
	var swallow atomic.Bool
	hang := func() {
		_ = client.Close()
		_ = server.Close()
	}
	defer hang()
	go func() {
		defer hang()
		_ = pump(server, client, func(chunk []byte) bool {
			if !swallow.Load() {
				return true
			}
			if bytes.HasSuffix(chunk, []byte("Z\x00\x00\x00\x05I")) { // the server is done, and outside of a transaction
				hang()
			}
			return false
		})
	}()
	_ = pump(client, server, func(chunk []byte) bool {
		if !bytes.Contains(chunk, []byte("COMMIT")) {
			return true
		}
		switch l.next.Swap(passAll) {
		case loseTheAsk:
			l.broken.Add(1)
			hang()
			return false
		case loseTheReply:
			l.broken.Add(1)
			swallow.Store(true)
		}
		return true
	})
}

// pump copies from one connection to another what pass lets through.
func pump(from, to net.Conn, pass func([]byte) bool) error {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if err != nil {
			return err
		}
		if !pass(chunk[:n]) {
			continue
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return err
		}
	}
}
