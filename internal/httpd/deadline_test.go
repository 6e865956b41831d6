package httpd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	in := func(t *testing.T, test func(t *testing.T, d *deadline, leave context.CancelFunc)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			request, leave := context.WithCancel(t.Context())
			defer leave()
			d := &deadline{request: request, timeout: 8 * time.Second, started: time.Now(), now: time.Now}
			test(t, d, leave)
			d.end()
		})
	}
	t.Run("counts from the start of the request, whoever asks when", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			<-time.After(5 * time.Second)
			asked := time.Now()
			<-d.Done()
			if waited := time.Since(asked); waited != 3*time.Second {
				t.Errorf("over after %s, want 3s", waited)
			}
			if err := d.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Err() = %v", err)
			}
		})
	})
	t.Run("is over at once for whoever asks too late", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			<-time.After(9 * time.Second)
			if err := d.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Err() = %v", err)
			}
		})
	})
	t.Run("a context made from it ends with it, and by its cause", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, leave context.CancelFunc) {
			child, cancel := context.WithCancel(d)
			defer cancel()
			leave()
			<-child.Done()
			if err := context.Cause(child); !errors.Is(err, context.Canceled) {
				t.Errorf("Cause() = %v", err)
			}
		})
	})
	t.Run("the end of the request is told to all who wait, and to whoever asks later", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			d.end()
			if err := d.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("asked later: Err() = %v", err)
			}
		})
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			ended := d.Done()
			d.end()
			<-ended
		})
	})
	t.Run("values are those of the request, before and after", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			type name struct{}
			d.request = context.WithValue(d.request, name{}, "card")
			if d.Value(name{}) != "card" || d.Err() != nil || d.Value(name{}) != "card" {
				t.Errorf("Value = %v, Err = %v", d.Value(name{}), d.Err())
			}
		})
	})
}

// pipes is a listener whose one connection is a pipe.
type pipes struct {
	net.Listener
	conns chan net.Conn
}

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p pipes) Close() error   { return nil }

// A body has the whole time of its request to arrive, and no more, however long the connection was open before.
func TestServe_ABodyHasTheTimeOfItsRequest(t *testing.T) {
	for name, c := range map[string]struct {
		rest time.Duration // after the header
		want string
	}{
		"slowly":     {7 * time.Second, "HTTP/1.1 204"},
		"too slowly": {9 * time.Second, "HTTP/1.1 503"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read := func(w http.ResponseWriter, r *http.Request) error {
					_, err := io.ReadAll(r.Body)
					if err == nil {
						w.WriteHeader(http.StatusNoContent)
					}
					return err
				}
				h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", read))}, Now: time.Now})
				server := h.newHTTPServer(t.Context(), h.Handler())
				near, far := net.Pipe()
				l := pipes{conns: make(chan net.Conn, 1)}
				l.conns <- far
				go func() { _ = server.Serve(l) }()
				<-time.After(4 * time.Second) // less than a header may take
				if _, err := io.WriteString(near, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{"); err != nil {
					t.Fatal(err)
				}
				var sending sync.WaitGroup
				sending.Go(func() {
					<-time.After(c.rest)
					_, _ = io.WriteString(near, "}") // nobody reads it when it comes too late
				})
				answer, err := bufio.NewReader(near).ReadString('\n')
				if err != nil || !strings.HasPrefix(answer, c.want) {
					t.Errorf("answered %q, %v; want %s", answer, err, c.want)
				}
				_ = near.Close()
				close(l.conns)
				sending.Wait()
			})
		})
	}
}
