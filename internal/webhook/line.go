package webhook

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
)

// Line is a connection that attempts to one endpoint share, one after the other. The zero Line has none yet. Whoever
// makes it closes it, soon: it has no time-out of its own.
type Line struct{ kept *connection }

// Close ends the connection, if there is one.
func (l *Line) Close() {
	if l.kept != nil {
		l.kept.close()
		l.kept = nil
	}
}

// take gives the kept connection, if it leads to where a new one might: to the same place of the URL, at an address that
// the name has now. Any other is closed. The addresses were checked before.
func (l *Line) take(target *url.URL, addrs []netip.Addr) *connection {
	if l == nil || l.kept == nil {
		return nil
	}
	if l.kept.to != placeOf(target) || !slices.Contains(addrs, l.kept.at) {
		l.Close()
		return nil
	}
	c := l.kept
	l.kept = nil
	return c
}

// placeOf is what of a URL decides where a connection leads, and as what it was secured.
func placeOf(target *url.URL) string {
	return target.Scheme + "://" + net.JoinHostPort(target.Hostname(), portOf(target))
}

// connection is one to a receiver.
type connection struct {
	to    string
	at    netip.Addr
	bare  net.Conn
	over  net.Conn          // bare, or TLS around it
	limit *io.LimitedReader // of what one attempt may read
	in    *bufio.Reader
	used  bool // an attempt went over it before
}

func newConnection(target *url.URL, at netip.Addr, bare net.Conn) *connection {
	c := &connection{to: placeOf(target), at: at, bare: bare}
	c.talk(bare)
	return c
}

// talk has attempts go over conn.
func (c *connection) talk(conn net.Conn) {
	c.over, c.limit = conn, &io.LimitedReader{R: conn}
	c.in = bufio.NewReader(c.limit)
}

func (c *connection) secure(config *tls.Config) *tls.Conn {
	secured := tls.Client(c.bare, config)
	c.talk(secured)
	return secured
}

// close closes the bare connection, and that ends whatever waits for it. What may be wrapped around it is not closed:
// that could wait for the receiver.
func (c *connection) close() { _ = c.bare.Close() }

// clean tells that nothing is left of the last answer, so that what comes next is of the next one.
func (c *connection) clean() bool { return c.limit.N > 0 && c.in.Buffered() == 0 }
