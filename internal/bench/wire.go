package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	answerWithin = 30 * time.Second // a server that takes longer is given up
	mostAnswer   = 4 << 20
)

// errWire says that an answer is not one that the generator reads.
var errWire = errors.New("the answer is not HTTP as it is expected here")

// wire is one kept connection that sends requests and reads answers. It stands in for http.Client, whose work
// for one request is as much as the server's: a generator on the same cores must cost less than what it measures.
type wire struct {
	address string
	source  string // address that it comes from; empty is any
	now     func() time.Time
	conn    net.Conn
	reader  *bufio.Reader
}

func newWire(url, source string, now func() time.Time) *wire {
	return &wire{address: strings.TrimPrefix(url, "http://"), source: source, now: now}
}

// do sends a whole request and gives the status and the body of its answer. After an error the next request
// goes over a new connection.
func (w *wire) do(ctx context.Context, request []byte) (status int, body []byte, err error) {
	if err := w.open(ctx); err != nil {
		return 0, nil, err
	}
	status, body, last, err := w.exchange(request)
	if err != nil || last {
		w.close()
	}
	return status, body, err
}

// open connects unless it is connected.
func (w *wire) open(ctx context.Context) (err error) {
	if w.conn != nil {
		return nil
	}
	var d net.Dialer
	if w.source != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(w.source)}
	}
	if w.conn, err = d.DialContext(ctx, "tcp", w.address); err != nil {
		w.conn = nil
		return err
	}
	w.reader = bufio.NewReaderSize(w.conn, 8<<10)
	return nil
}

func (w *wire) exchange(request []byte) (status int, body []byte, last bool, err error) {
	if err := w.conn.SetDeadline(w.now().Add(answerWithin)); err != nil {
		return 0, nil, true, err
	}
	if _, err := w.conn.Write(request); err != nil {
		return 0, nil, true, err
	}
	return readAnswer(w.reader)
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close() // nothing waits on it
		w.conn = nil
	}
}

// readAnswer reads an answer; last tells that the server closes the connection behind it.
func readAnswer(r *bufio.Reader) (status int, body []byte, last bool, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, nil, true, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, nil, true, errWire
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, true, errWire
	}
	length, chunked := 0, false
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return status, nil, true, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > mostAnswer {
				return status, nil, true, errWire
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if chunked {
		body, err = readChunks(r)
		return status, body, last, err
	}
	if length == 0 {
		return status, nil, last, nil
	}
	body = make([]byte, length)
	_, err = io.ReadFull(r, body)
	return status, body, last, err
}

func readChunks(r *bufio.Reader) (body []byte, err error) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return body, err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil || n > mostAnswer {
			return body, errWire
		}
		at := len(body)
		body = append(body, make([]byte, n+2)...)
		if _, err := io.ReadFull(r, body[at:]); err != nil {
			return body, err
		}
		body = body[:at+int(n)]
		if n == 0 {
			return body, nil
		}
	}
}

// request is what a generator sends.
type request struct {
	method, path string
	header       string // whole lines, each with its end
	key          string // Idempotency-Key; none when it is empty
	body         string
}

// appendTo writes the request as it goes over the wire.
func (r request) appendTo(b []byte) []byte {
	b = append(b, r.method...)
	b = append(b, ' ')
	b = append(b, r.path...)
	b = append(b, " HTTP/1.1\r\nHost: bench\r\n"...)
	b = append(b, r.header...)
	if r.key != "" {
		b = append(b, "Idempotency-Key: "...)
		b = append(b, r.key...)
		b = append(b, "\r\n"...)
	}
	if r.body != "" {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	} else if r.method != "GET" {
		b = append(b, "Content-Length: 0\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, r.body...)
}

// unexpected tells what came instead of the status that a workload is about.
func unexpected(status int, body []byte) error {
	return fmt.Errorf("status %d: %.200s", status, body)
}
