package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// child is a part of the measurement that is a process of its own, so that what it uses is told apart. It ends
// when its standard input does.
type child struct {
	meter
	cmd     *exec.Cmd
	stdin   io.Closer
	tasks   *json.Encoder
	answers *json.Decoder
}

func startChild(ctx context.Context, program string, log io.Writer, args ...string) (*child, *bufio.Reader, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // it is this program itself, or a peer that whoever runs it named
	cmd.Stderr = log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", strings.Join(args, " "), err)
	}
	out := bufio.NewReader(stdout)
	return &child{meter{cmd.Process.Pid}, cmd, stdin, json.NewEncoder(stdin), json.NewDecoder(out)}, out, nil
}

// Stop lets the process end, and waits for that.
func (c *child) Stop() error { return errors.Join(c.stdin.Close(), c.cmd.Wait()) }

// StartGenerator runs `program bench generate`.
func StartGenerator(ctx context.Context, program string, log io.Writer) (*Generator, error) {
	c, _, err := startChild(ctx, program, log, "bench", "generate")
	if err != nil {
		return nil, err
	}
	return &Generator{c}, nil
}

// Floor is a server that does nothing, as a process of its own.
type Floor struct {
	*child
	URL string
}

// StartFloor runs `program bench floor`, which tells its address first.
func StartFloor(ctx context.Context, program string, log io.Writer) (*Floor, error) {
	c, url, err := startServing(ctx, program, log, "bench", "floor")
	if err != nil {
		return nil, err
	}
	return &Floor{c, url}, nil
}

// startServing starts a program that tells its address first.
func startServing(ctx context.Context, program string, log io.Writer, args ...string) (c *child, url string, err error) {
	c, out, err := startChild(ctx, program, log, args...)
	if err != nil {
		return nil, "", err
	}
	line, err := out.ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(err, c.Stop())
	}
	return c, "http://" + strings.TrimSpace(line), nil
}

// ServeFloor answers an empty GET and an empty POST until in ends: what any server of this language pays for a
// request, on the same kind of listener and without anything of ours. It reads the body and two headers.
func ServeFloor(ctx context.Context, in io.Reader, out io.Writer) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct { // a caller that is gone does not matter
			ID     string `json:"id"`
			Status string `json:"status"`
			Last4  string `json:"last4"`
		}{"0190b6a2-0000-7000-8000-000000000000", "ACTIVE", "4242"})
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Code string `json:"activationCode"`
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("Authorization") == "" || r.Header.Get("Idempotency-Key") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return errors.Join(err, server.Close(), <-served)
	}
	_, err = io.Copy(io.Discard, in)
	err = errors.Join(err, server.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
