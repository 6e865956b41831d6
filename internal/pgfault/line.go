package pgfault

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// Moment is when an armed line cuts a connection.
type Moment string

// The moments.
const (
	BeforeCommit  Moment = "cut before the server hears of a commit"
	InsideCommit  Moment = "cut in the middle of a commit's message"
	AfterCommit   Moment = "cut after a commit, before its answer"
	InsideAnswer  Moment = "cut in the middle of a commit's answer"
	InsideRequest Moment = "cut in the middle of a request"
	InsideResult  Moment = "cut in the middle of a result"
)

// Moments lists them.
func Moments() []Moment {
	return []Moment{BeforeCommit, InsideCommit, AfterCommit, InsideAnswer, InsideRequest, InsideResult}
}

// Line is a way to a server that breaks when it is told to. It is safe for concurrent use.
type Line struct {
	listener net.Listener
	server   string // the socket at which the server listens

	mu      sync.Mutex
	changed *sync.Cond
	links   map[*link]bool
	armed   map[Moment]int
	struck  map[Moment]int
	frozen  bool
	refuses bool
	delay   time.Duration
	closed  bool
}

// link is one connection through the line.
type link struct {
	line           *Line
	client, server net.Conn
	lost           bool // nothing passes any more, and nobody is told
	over           bool
	owed           Moment // what happens when the answer to the commit comes; "" nothing
}

// NewLine puts a line before a cluster. It ends with the test.
func NewLine(t testing.TB, cluster *pgtest.Cluster) *Line {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{
		listener: listener, server: cluster.Socket(),
		links: map[*link]bool{}, armed: map[Moment]int{}, struck: map[Moment]int{},
	}
	l.changed = sync.NewCond(&l.mu)
	t.Cleanup(l.close)
	go l.accept()
	return l
}

// URL names a database behind the line. parameters are added, as name=value.
func (l *Line) URL(database string, parameters ...string) string {
	query := url.Values{"sslmode": {"disable"}}
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		query.Set(name, value)
	}
	return "postgres://postgres@" + l.listener.Addr().String() + "/" + database + "?" + query.Encode()
}

// Arm makes the next such moment, on whatever connection, the end of that connection.
func (l *Line) Arm(m Moment) { l.change(func() { l.armed[m]++ }) }

// Struck tells how often each armed moment has come.
func (l *Line) Struck(m Moment) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.struck[m]
}

// Slow makes every message wait.
func (l *Line) Slow(d time.Duration) { l.change(func() { l.delay = d }) }

// Freeze lets nothing pass, on old and new connections, until [Line.Mend]; then all goes on.
func (l *Line) Freeze() { l.change(func() { l.frozen = true }) }

// Refuse ends every new connection at once.
func (l *Line) Refuse() { l.change(func() { l.refuses = true }) }

// Lose leaves the connections that exist in a black hole for good: both ends believe in them, and nothing
// arrives. New ones are well.
func (l *Line) Lose() {
	l.change(func() {
		for k := range l.links {
			k.lost = true
		}
	})
}

// Cut ends all connections.
func (l *Line) Cut() {
	l.change(func() {
		for k := range l.links {
			k.end()
		}
	})
}

// Mend ends every fault that lasts, and disarms.
func (l *Line) Mend() {
	l.change(func() {
		l.frozen, l.refuses, l.delay = false, false, 0
		clear(l.armed)
	})
}

func (l *Line) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	l.changed.Broadcast()
}

func (l *Line) close() {
	_ = l.listener.Close() // nobody comes any more, whatever it says
	l.change(func() { l.closed = true })
	l.Cut()
}

func (l *Line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		go l.connect(client)
	}
}

// connect joins a client with the server, unless the line refuses or the server is away.
func (l *Line) connect(client net.Conn) {
	l.mu.Lock()
	refuses := l.refuses || l.closed
	l.mu.Unlock()
	var server net.Conn
	var err error
	if !refuses {
		server, err = net.Dial("unix", l.server) //nolint:noctx // it is on this machine, and answers at once
	}
	if refuses || err != nil {
		reset(client)
		return
	}
	k := &link{line: l, client: client, server: server}
	l.change(func() { l.links[k] = true })
	go k.carry(server, client, k.down(), false)
	k.carry(client, server, k.up(), true)
}

// reset ends a connection so that the other end sees it break.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed either way
	}
	_ = c.Close() // as above
}

// end breaks both halves; the caller holds the lock.
func (k *link) end() {
	if !k.over {
		k.over = true
		delete(k.line.links, k)
		reset(k.client)
		_ = k.server.Close() // nobody is left to tell
		k.line.changed.Broadcast()
	}
}

// carry hands messages on in one direction until the link is over. ending says how much of a message
// passes, and whether the link ends with it.
func (k *link) carry(from, to net.Conn, ending func([]byte) (pass int, end bool), opens bool) {
	defer k.line.change(k.end)
	in, out := bufio.NewReaderSize(from, 64<<10), bufio.NewWriterSize(to, 64<<10)
	if opens && !k.open(in, out) {
		return
	}
	for {
		message, err := readMessage(in)
		if err != nil || !k.wait() {
			return
		}
		pass, end := ending(message)
		if _, err := out.Write(message[:pass]); err != nil {
			return
		}
		if end || in.Buffered() == 0 {
			if err := out.Flush(); err != nil || end {
				return
			}
		}
	}
}

// open hands on what begins a connection; false when that was all of it.
func (k *link) open(in *bufio.Reader, out *bufio.Writer) bool {
	for {
		first, number, err := readFirst(in)
		if err != nil || !k.wait() {
			return false
		}
		if number == sslRequest || number == gssRequest {
			if _, err := k.client.Write([]byte{'N'}); err != nil {
				return false
			}
			continue
		}
		if _, err := out.Write(first); err != nil || out.Flush() != nil {
			return false
		}
		if number == cancelRequest {
			_, _ = io.Copy(io.Discard, in) // the client waits for the end, which comes from the server
			return false
		}
		return true
	}
}

// wait holds a message while the line is frozen or slow; false when the link is over.
func (k *link) wait() bool {
	l := k.line
	l.mu.Lock()
	for (l.frozen || k.lost) && !k.over {
		l.changed.Wait()
	}
	over, delay := k.over, l.delay
	l.mu.Unlock()
	if over || delay == 0 {
		return !over
	}
	<-time.After(delay)
	return true
}

// strikes takes an armed moment, if there is one.
func (l *Line) strikes(m Moment) bool {
	if l.armed[m] == 0 {
		return false
	}
	l.armed[m]--
	l.struck[m]++
	return true
}

// up looks at what the client asks.
func (k *link) up() func([]byte) (int, bool) {
	watch := commits{prepared: map[string]bool{}}
	return func(message []byte) (int, bool) {
		commit := watch.asked(message)
		l := k.line
		l.mu.Lock()
		defer l.mu.Unlock()
		if !commit {
			return half(message, (message[0] == bind || message[0] == simpleQuery) && l.strikes(InsideRequest))
		}
		switch {
		case l.strikes(BeforeCommit):
			return 0, true
		case l.strikes(InsideCommit):
			return half(message, true)
		case l.strikes(AfterCommit):
			k.owed = AfterCommit
		case l.strikes(InsideAnswer):
			k.owed = InsideAnswer
		}
		return len(message), false
	}
}

// down looks at what the server answers.
func (k *link) down() func([]byte) (int, bool) {
	return func(message []byte) (int, bool) {
		l := k.line
		l.mu.Lock()
		defer l.mu.Unlock()
		if answered(message) && k.owed != "" {
			if k.owed == AfterCommit {
				return 0, true
			}
			return half(message, true)
		}
		return half(message, message[0] == commandComplete && k.owed == "" && l.strikes(InsideResult))
	}
}

// half is the first half of a message when the link ends with it, else the whole.
func half(message []byte, end bool) (int, bool) {
	if end {
		return len(message) / 2, true
	}
	return len(message), false
}
