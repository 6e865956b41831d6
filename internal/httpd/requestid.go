package httpd

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// requestIDHeader carries the id of a request in both directions.
const requestIDHeader = "X-Request-Id"

const maxRequestID = 64

// requestIDs gives each request its id: the caller's, when it has sent exactly one that is well
// formed, else 128 random bits in hex.
type requestIDs struct {
	mu   sync.Mutex // the source of randomness need not be safe for two callers
	rand io.Reader
	next [16]byte
}

func (ids *requestIDs) of(r *http.Request) (string, error) {
	if sent := r.Header.Values(requestIDHeader); len(sent) == 1 && isRequestID(sent[0]) {
		return sent[0], nil
	}
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if _, err := io.ReadFull(ids.rand, ids.next[:]); err != nil {
		return "", fmt.Errorf("read randomness for a request id: %w", err)
	}
	return hex.EncodeToString(ids.next[:]), nil
}

// isRequestID reports whether a caller may name a request so: letters, digits and "._-" of ASCII.
func isRequestID(s string) bool {
	return s != "" && len(s) <= maxRequestID && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '.' && r != '_' && r != '-'
	})
}
