package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

// Server is a server that runs as a process of its own.
type Server struct {
	meter
	URL  string
	cmd  *exec.Cmd
	done chan error
}

const (
	readyWithin = 30 * time.Second
	stopWithin  = 40 * time.Second
)

// StartServer runs `program serve` with further arguments and waits until it is ready. Its log goes to log.
func StartServer(ctx context.Context, program string, log io.Writer, args ...string) (*Server, error) {
	listen, admin, err := freeAddresses(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"serve", "--listen=" + listen, "--admin-listen=" + admin}, args...)...) //nolint:gosec // it is this program itself
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	s := &Server{meter: meter{cmd.Process.Pid}, URL: "http://" + listen, cmd: cmd, done: make(chan error, 1)}
	go func() { s.done <- cmd.Wait() }()
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// freeAddresses gives two that differ: both are held until both are known.
func freeAddresses(ctx context.Context) (one, other string, err error) {
	var lc net.ListenConfig
	a, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	b, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", errors.Join(err, a.Close())
	}
	return a.Addr().String(), b.Addr().String(), errors.Join(a.Close(), b.Close())
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("the server is not ready: %w", err)
		}
	}
}

// Stop asks the server to stop, and waits for its end.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // one that has ended says so below
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case err := <-s.done:
		return err
	case <-timer.C:
		return errors.Join(errors.New("the server did not stop"), s.cmd.Process.Kill())
	}
}

// wait waits for a while, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
