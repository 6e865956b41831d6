// Gopeer is the activation of a card the way a team would write it by hand in an afternoon: net/http, database/sql,
// one transaction for each request. `firsttap bench run --peer` starts it to have something to compare with. It has
// no lockout, sealing, limits, metrics or webhooks worth the name; what it writes is what the published answer needs.
//
// PEER_DATABASE is postgres://… or the path of an SQLite file, PEER_CARDS how many cards it makes, PEER_KEY the key of its
// only caller. It prints its address and ends when its standard input does.
//
//	POST  /cards/{id}/activate   the activation, with Authorization, Idempotency-Key and {"activationCode":"…"}
//	PATCH /records/{id}          one durable update of one record, as ready-made back ends offer it
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	cards, err := strconv.Atoi(os.Getenv("PEER_CARDS"))
	if err != nil {
		return fmt.Errorf("PEER_CARDS: %w", err)
	}
	p := &peer{}
	if p.db, err = open(ctx, os.Getenv("PEER_DATABASE")); err != nil {
		return err
	}
	defer p.db.Close()
	if err := p.fill(ctx, cards, os.Getenv("PEER_KEY")); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cards/{id}/activate", p.activate)
	mux.HandleFunc("PATCH /records/{id}", p.patch)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type peer struct{ db *sql.DB }

// open gives a pool: on PostgreSQL as many connections as its callers keep busy best on a small machine, on SQLite one,
// since there is one writer anyway. Both are durable.
func open(ctx context.Context, url string) (*sql.DB, error) {
	if !strings.HasPrefix(url, "postgres") {
		db, err := sql.Open("sqlite", "file:"+url+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(5000)&_txlock=immediate")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	}
	first, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	if _, err := first.ExecContext(ctx, `DROP SCHEMA IF EXISTS peer_go CASCADE; CREATE SCHEMA peer_go`); err != nil {
		return nil, err
	}
	if err := first.Close(); err != nil {
		return nil, err
	}
	mark := "?"
	if strings.Contains(url, "?") {
		mark = "&"
	}
	db, err := sql.Open("pgx", url+mark+"search_path=peer_go")
	if err == nil {
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
	}
	return db, err
}

var schema = []string{
	`CREATE TABLE api_keys (hash TEXT PRIMARY KEY, program_id TEXT NOT NULL)`,
	`CREATE TABLE cards (id TEXT PRIMARY KEY, program_id TEXT NOT NULL, status TEXT NOT NULL, code_hash TEXT NOT NULL,
		shipment_status TEXT NOT NULL, tries INTEGER NOT NULL, activated_at TIMESTAMP, version INTEGER NOT NULL)`,
	`CREATE TABLE idempotency (program_id TEXT NOT NULL, idem_key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
		created_at TIMESTAMP NOT NULL, PRIMARY KEY (program_id, idem_key))`,
	`CREATE TABLE audit (id TEXT PRIMARY KEY, at TIMESTAMP NOT NULL, program_id TEXT NOT NULL, action TEXT NOT NULL, card_id TEXT NOT NULL,
		outcome TEXT NOT NULL)`,
	`CREATE INDEX audit_card ON audit (card_id, at)`,
	`CREATE TABLE outbox (id TEXT PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL, created_at TIMESTAMP NOT NULL, sent INTEGER NOT NULL)`,
	`CREATE INDEX outbox_waiting ON outbox (created_at) WHERE sent = 0`,
	`CREATE TABLE records (id TEXT PRIMARY KEY, status TEXT NOT NULL, updated_at TIMESTAMP NOT NULL)`,
}

// code is what the mailer of a card says; the generator knows the rule.
func code(n int) string { return fmt.Sprintf("%06d", n*7919%1_000_000) }

func digest(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func (p *peer) fill(ctx context.Context, cards int, key string) error {
	for _, text := range schema {
		if _, err := p.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return p.in(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO api_keys VALUES ($1, 'bench')`, digest(key)); err != nil {
			return err
		}
		for n := range cards {
			id := fmt.Sprintf("card-%07d", n)
			if _, err := tx.ExecContext(ctx, `INSERT INTO cards VALUES ($1, 'bench', 'NOT_ACTIVATED', $2, 'DELIVERED', 5, NULL, 1)`, id, digest(id+code(n))); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO records VALUES ($1, 'open', $2)`, id, time.Now().UTC()); err != nil {
				return err
			}
		}
		return nil
	})
}

// in runs steps in one transaction.
func (p *peer) in(ctx context.Context, steps func(*sql.Tx) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := steps(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// refusal is an answer other than the good one.
type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string { return r.reason }

func answer(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) {
		log.Print(err)
		r = refusal{http.StatusInternalServerError, "internal"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": r.reason})
}

func (p *peer) activate(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Code string `json:"activationCode"`
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || json.Unmarshal(raw, &body) != nil {
		answer(w, refusal{http.StatusBadRequest, "body_invalid"})
		return
	}
	program, err := p.program(r)
	if err != nil {
		answer(w, err)
		return
	}
	id, key := r.PathValue("id"), r.Header.Get("Idempotency-Key")
	print := digest(r.URL.Path + string(raw))
	err = p.in(r.Context(), func(tx *sql.Tx) error { return activate(r.Context(), tx, program, id, key, print, body.Code) })
	if err != nil {
		answer(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (p *peer) program(r *http.Request) (program string, err error) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", refusal{http.StatusUnauthorized, "key_missing"}
	}
	err = p.db.QueryRowContext(r.Context(), `SELECT program_id FROM api_keys WHERE hash = $1`, digest(key)).Scan(&program)
	if errors.Is(err, sql.ErrNoRows) {
		return "", refusal{http.StatusUnauthorized, "key_invalid"}
	}
	return program, err
}

// activate does what one activation needs, statement by statement. A wrong code costs a try, which has to be kept: the
// refusal is given after the commit in a real one; here the generator sends right codes.
func activate(ctx context.Context, tx *sql.Tx, program, id, key, print, typed string) error {
	now := time.Now().UTC()
	if key != "" {
		var before string
		err := tx.QueryRowContext(ctx, `SELECT fingerprint FROM idempotency WHERE program_id = $1 AND idem_key = $2`, program, key).Scan(&before)
		switch {
		case err == nil && before == print:
			return nil // it was done before
		case err == nil:
			return refusal{http.StatusUnprocessableEntity, "key_reused"}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	var status, shipped, hash string
	var tries, version int
	// The version guards the row on both engines, so that nobody has to lock it.
	err := tx.QueryRowContext(ctx, `SELECT status, shipment_status, code_hash, tries, version FROM cards WHERE id = $1 AND program_id = $2`, id, program).
		Scan(&status, &shipped, &hash, &tries, &version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refusal{http.StatusNotFound, "card_not_found"}
	case err != nil:
		return err
	case status != "NOT_ACTIVATED":
		return refusal{http.StatusBadRequest, "card_active"}
	case shipped != "DELIVERED" && shipped != "IN_TRANSIT":
		return refusal{http.StatusBadRequest, "not_shipped"}
	case tries < 1:
		return refusal{http.StatusBadRequest, "locked"}
	case subtle.ConstantTimeCompare([]byte(hash), []byte(digest(id+typed))) != 1:
		return refusal{http.StatusBadRequest, "wrong_code"}
	}
	done, err := tx.ExecContext(ctx, `UPDATE cards SET status = 'ACTIVE', activated_at = $3, version = version + 1 WHERE id = $1 AND version = $2`, id, version, now)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return refusal{http.StatusConflict, "changed_meanwhile"}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO audit VALUES ($1, $2, $3, 'card.activate', $4, 'ok')`, "a-"+id, now, program, id); err != nil {
		return err
	}
	event := `{"type":"card.activated","card":"` + id + `"}`
	if _, err := tx.ExecContext(ctx, `INSERT INTO outbox VALUES ($1, 'card.activated', $2, $3, 0)`, "e-"+id, event, now); err != nil {
		return err
	}
	if key == "" {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO idempotency VALUES ($1, $2, $3, 204, $4)`, program, key, print, now)
	return err
}

func (p *peer) patch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&body); err != nil {
		answer(w, refusal{http.StatusBadRequest, "body_invalid"})
		return
	}
	now := time.Now().UTC()
	done, err := p.db.ExecContext(r.Context(), `UPDATE records SET status = $2, updated_at = $3 WHERE id = $1`, r.PathValue("id"), body.Status, now)
	if err == nil {
		var n int64
		if n, err = done.RowsAffected(); err == nil && n == 0 {
			err = refusal{http.StatusNotFound, "record_not_found"}
		}
	}
	if err != nil {
		answer(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"id": r.PathValue("id"), "status": body.Status, "updated": now})
}
