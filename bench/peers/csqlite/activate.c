// Bare activations on SQLite's C library: no server, no rules, no language above it.
//
// Usage: activate EACH FOLDER SECONDS
//
// It puts EACH activations into a transaction, durably (WAL, synchronous=FULL), for so many seconds, and prints how many it did
// in one second. The file is FOLDER/csqlite.db; the first call makes it, with 100,000 cards. An activation is what Firsttap
// writes for one, in tables of the same shape: the card is read and changed, and there are an audit row with its two indexes, a message and
// the record of an idempotency key with its index. Cards are taken in an order in which neighbours lie far apart, as the benchmark takes
// its own: those that were made one after the other would share pages. Idempotency keys are random to the database, as those of callers are.

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CARDS 100000
#define STEP 61803 // no divisor in common with CARDS

static sqlite3 *db;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, db ? sqlite3_errmsg(db) : "no database");
  exit(1);
}

static void run(const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *s;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) fail(sql);
  return s;
}

static void done(sqlite3_stmt *s) {
  if (sqlite3_step(s) != SQLITE_DONE) fail(sqlite3_sql(s));
  sqlite3_reset(s);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

// An id has 16 bytes that grow with n, as ids that begin with a time do.
static void id(unsigned char out[16], uint64_t kind, uint64_t n) {
  for (int i = 0; i < 8; i++) {
    out[i] = (unsigned char)(n >> (56 - 8 * i));
    out[8 + i] = (unsigned char)((kind * 0x9E3779B97F4A7C15u) >> (8 * i));
  }
}

static void make(void) {
  run("CREATE TABLE card (id BLOB PRIMARY KEY, program BLOB, state TEXT, code_hash BLOB, custody TEXT, tries INTEGER,"
      " activated_at INTEGER, updated_at INTEGER, version INTEGER, rest BLOB) STRICT, WITHOUT ROWID;"
      "CREATE TABLE audit (program BLOB, at INTEGER, id BLOB, actor TEXT, channel TEXT, source TEXT, request TEXT, action TEXT, card BLOB,"
      " outcome TEXT, note TEXT, log_index INTEGER, PRIMARY KEY (program, at, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX audit_card ON audit (card, at);"
      "CREATE INDEX audit_unsealed ON audit (log_index, program, at, id) WHERE log_index IS NULL;"
      "CREATE TABLE messages (id TEXT PRIMARY KEY, program BLOB, door TEXT, type TEXT, body BLOB, created_at INTEGER) STRICT, WITHOUT ROWID;"
      "CREATE TABLE idempotency (program BLOB, door TEXT, idem_key TEXT, fingerprint BLOB, status INTEGER, expires_at INTEGER,"
      " PRIMARY KEY (program, door, idem_key)) STRICT;"
      "CREATE INDEX idempotency_expired ON idempotency (program, expires_at)");
  run("BEGIN");
  sqlite3_stmt *s = prepare("INSERT INTO card VALUES (?1, zeroblob(16), 'shipped', zeroblob(32), 'courier', 0, NULL, 0, 0, zeroblob(250))");
  for (int n = 0; n < CARDS; n++) {
    unsigned char key[16];
    id(key, 1, n);
    sqlite3_bind_blob(s, 1, key, 16, SQLITE_TRANSIENT);
    done(s);
  }
  sqlite3_finalize(s);
  run("COMMIT");
}

static sqlite3_stmt *read_card, *change, *audit, *message, *answer;

static void activate(uint64_t n) {
  unsigned char card[16], row[16];
  char name[48], key[48];
  id(card, 1, n % CARDS * STEP % CARDS);
  id(row, 2, n);
  snprintf(name, sizeof name, "key-%020llu", (unsigned long long)n);
  snprintf(key, sizeof key, "%016llx-key", (unsigned long long)n * 0x9E3779B97F4A7C15u);
  sqlite3_bind_blob(read_card, 1, card, 16, SQLITE_STATIC);
  if (sqlite3_step(read_card) != SQLITE_ROW) fail("read the card");
  sqlite3_int64 version = sqlite3_column_int64(read_card, 0);
  sqlite3_reset(read_card);
  sqlite3_bind_blob(change, 1, card, 16, SQLITE_STATIC);
  sqlite3_bind_int64(change, 2, version);
  sqlite3_bind_int64(change, 3, (sqlite3_int64)n);
  done(change);
  sqlite3_bind_int64(audit, 1, (sqlite3_int64)n);
  sqlite3_bind_blob(audit, 2, row, 16, SQLITE_STATIC);
  sqlite3_bind_blob(audit, 3, card, 16, SQLITE_STATIC);
  sqlite3_bind_text(audit, 4, name, -1, SQLITE_STATIC);
  done(audit);
  sqlite3_bind_text(message, 1, name, -1, SQLITE_STATIC);
  sqlite3_bind_int64(message, 2, (sqlite3_int64)n);
  done(message);
  sqlite3_bind_text(answer, 1, key, -1, SQLITE_STATIC);
  sqlite3_bind_int64(answer, 2, (sqlite3_int64)n);
  done(answer);
}

int main(int argc, char **argv) {
  int each = argc == 4 ? atoi(argv[1]) : 0;
  double seconds = argc == 4 ? atof(argv[3]) : 0;
  if (each < 1 || seconds <= 0) {
    fprintf(stderr, "usage: activate EACH FOLDER SECONDS\n");
    return 2;
  }
  char path[4096];
  snprintf(path, sizeof path, "%s/csqlite.db", argv[2]);
  if (sqlite3_open(path, &db) != SQLITE_OK) fail(path);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768");
  sqlite3_stmt *there = prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'idempotency_expired'");
  int made = sqlite3_step(there) == SQLITE_ROW && sqlite3_column_int(there, 0) > 0;
  sqlite3_finalize(there);
  if (!made) make();
  read_card = prepare("SELECT version, state, code_hash FROM card WHERE id = ?1");
  change = prepare("UPDATE card SET state = 'activated', custody = 'holder', tries = 0, activated_at = ?3, updated_at = ?3, version = ?2 + 1"
                   " WHERE id = ?1 AND version = ?2");
  audit = prepare("INSERT INTO audit VALUES (zeroblob(16), ?1, ?2, 'key:floor', 'cards', '127.0.0.1', ?4, 'card.activate', ?3, 'ok', '', NULL)");
  message = prepare("INSERT INTO messages VALUES (?1, zeroblob(16), 'native', 'card.activated', zeroblob(700), ?2)");
  answer = prepare("INSERT INTO idempotency VALUES (zeroblob(16), 'cards', ?1, zeroblob(32), 204, ?2)");
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  uint64_t first = (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000, n = first;
  double begin = now(), end = begin;
  while (end < begin + seconds) {
    run("BEGIN IMMEDIATE");
    for (int i = 0; i < each; i++) activate(n++);
    run("COMMIT");
    end = now();
  }
  printf("%.1f\n", (double)(n - first) / (end - begin));
  return 0;
}
