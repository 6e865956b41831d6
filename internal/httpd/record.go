package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// The attribute keys of the request record. No other key is ever written; in particular no path, since
// one that holds a one-time token must not be kept.
const (
	keyRequestID  = "request_id"
	keyDoor       = "door"
	keyRoute      = "route"
	keyMethod     = "method"
	keyStatus     = "status"
	keyDuration   = "duration_us"
	keyBytesOut   = "bytes_out"
	keyProgram    = "program"
	keyCredential = "credential"
	keyRemoteIP   = "remote_ip"
	keyReason     = "reason"
	keyCause      = "cause"
)

// unmatched stands in logs and metrics for a door or route that was not found, so that labels stay
// bounded.
const unmatched = "none"

// Record is what the hall knows of one request. It lives in the request's context and is written to
// the log, once, when the request ends. The door that has the request fills in the second half; only
// the goroutine that serves the request may touch it.
type Record struct {
	RequestID string
	Address   netip.Addr // of the caller, see ClientIP; the zero Addr when it cannot be read
	Peer      netip.Addr // of the TCP connection
	HTTPS     bool       // no plain HTTP outside this machine, see OuterHTTPS
	Door      string
	Route     string // template

	Program    string       // public id
	Credential string       // public id of the key or token, never the secret
	Reason     fault.Reason // why the request was refused; filled in from the error that Serve returns
	Cause      error        // for the log only

	Params Params // of the path, see Param
	Call   any    // what the door itself keeps with the request, from its Serve to the handler of the route
}

type recordKey struct{}

// RecordOf gives the record of the request that ctx belongs to. Outside a request it gives an empty
// one that nobody reads, so callers need no check.
func RecordOf(ctx context.Context) *Record {
	if rec, ok := ctx.Value(recordKey{}).(*Record); ok {
		return rec
	}
	return &Record{}
}

// WithRecord is a copy of ctx that carries rec. The server calls it; tests of doors may.
func WithRecord(ctx context.Context, rec *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, rec)
}

// cameFrom notes where the request came from.
func (rec *Record) cameFrom(r *http.Request, trusted []netip.Prefix) {
	rec.Peer = PeerAddr(r)
	rec.Address, _ = ClientIP(r, rec.Peer, trusted)
	rec.HTTPS = OuterHTTPS(r, rec.Peer, trusted)
}

// note takes over what an error says, before the door renders it.
func (rec *Record) note(err error) {
	e := fault.Of(err)
	rec.Reason = e.Reason
	if rec.Cause == nil {
		rec.Cause = e.Cause
	}
}

// refused reports whether a rule said no; such an answer is no failure of ours, whatever its status.
func (rec *Record) refused() bool {
	return rec.Reason.Name() != "" && fault.IsRefusal(fault.Refuse(rec.Reason))
}

// write puts the record into the log: answers of 500 and above as errors, all others as
// information. A caller that left early is no error of ours, and neither is a refusal. It goes to the handler itself:
// a logger would look up for each record where in the source it was written.
func (rec *Record) write(log *slog.Logger, r *http.Request, w *responseWriter, started, ended time.Time) {
	level := slog.LevelInfo
	if w.Status() >= http.StatusInternalServerError && rec.Reason != ClientGone && !rec.refused() {
		level = slog.LevelError
	}
	ctx, handler := r.Context(), log.Handler()
	if !handler.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 13)
	attrs = append(attrs,
		slog.String(keyRequestID, rec.RequestID),
		slog.String(keyDoor, rec.Door),
		slog.String(keyRoute, rec.Route),
		slog.String(keyMethod, methodLabel(r.Method)),
		slog.Int(keyStatus, w.Status()),
		slog.Int64(keyDuration, ended.Sub(started).Microseconds()),
		slog.Int64(keyBytesOut, w.bytes),
	)
	for _, a := range [...]struct{ key, value string }{
		{keyProgram, rec.Program},
		{keyCredential, rec.Credential},
		{keyReason, rec.Reason.Name()},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if rec.Address.IsValid() {
		attrs = append(attrs, slog.String(keyRemoteIP, rec.Address.String()))
	}
	if rec.Cause != nil {
		attrs = append(attrs, slog.String(keyCause, rec.Cause.Error()))
	}
	line := slog.NewRecord(ended, level, "request", 0)
	line.AddAttrs(attrs...)
	_ = handler.Handle(ctx, line) // who reads the log sees that it ends
}

// methodLabel keeps a made-up method out of logs: a caller could write anything there.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "other"
}
