package pgfault

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// The messages that matter here, by their first byte.
const (
	simpleQuery     = 'Q'
	parse           = 'P'
	bind            = 'B'
	commandComplete = 'C'
)

// The numbers that a first message holds where others hold a version.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

const mostBody = 64 << 20 // more is no message of ours

// readMessage reads one whole message: a type, a length, a body.
func readMessage(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(5)
	if err != nil {
		return nil, err
	}
	return readWhole(r, 1, binary.BigEndian.Uint32(head[1:]))
}

// readFirst reads the message that opens a connection: it has no type.
func readFirst(r *bufio.Reader) (message []byte, number uint32, err error) {
	head, err := r.Peek(8)
	if err != nil {
		return nil, 0, err
	}
	number = binary.BigEndian.Uint32(head[4:])
	message, err = readWhole(r, 0, binary.BigEndian.Uint32(head))
	return message, number, err
}

// readWhole reads what the length says, which counts itself, and the bytes before it.
func readWhole(r *bufio.Reader, before int, length uint32) ([]byte, error) {
	if length < 4 || length > mostBody {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	message := make([]byte, before+int(length))
	_, err := io.ReadFull(r, message)
	return message, err
}

// commits watches what a client asks, and knows a commit when it sees one, also a prepared one.
type commits struct{ prepared map[string]bool }

// asked reports whether the message makes the server commit.
func (c *commits) asked(message []byte) bool {
	body := message[5:]
	switch message[0] {
	case simpleQuery:
		return isCommit(text(&body))
	case parse:
		name := text(&body)
		c.prepared[name] = isCommit(text(&body))
	case bind:
		_ = text(&body) // the portal
		return c.prepared[text(&body)]
	}
	return false
}

// answered reports whether the message is the answer to a commit.
func answered(message []byte) bool {
	body := message[5:]
	return message[0] == commandComplete && text(&body) == "COMMIT"
}

func isCommit(sql string) bool { return strings.EqualFold(strings.TrimSpace(sql), "COMMIT") }

// text takes a text from the front: it ends with a zero byte.
func text(body *[]byte) string {
	head, rest, _ := bytes.Cut(*body, []byte{0})
	*body = rest
	return string(head)
}
