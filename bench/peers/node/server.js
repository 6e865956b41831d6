// The activation of a card the way a team would write it by hand in an afternoon: Fastify, pg, one transaction for each
// request. `firsttap bench run --peer` starts it to have something to compare with; gopeer says what the variables are.
import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

const { PEER_DATABASE, PEER_CARDS, PEER_KEY } = process.env;
const digest = (s) => createHash('sha256').update(s).digest('hex');
const code = (n) => String((n * 7919) % 1_000_000).padStart(6, '0');

const first = new pg.Client({ connectionString: PEER_DATABASE });
await first.connect();
await first.query('DROP SCHEMA IF EXISTS peer_node CASCADE; CREATE SCHEMA peer_node');
await first.end();
const pool = new pg.Pool({ connectionString: PEER_DATABASE, options: '-c search_path=peer_node', max: 16 });

class Refusal extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

// inTransaction runs steps on one connection; whatever they throw takes them back.
async function inTransaction(steps) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const out = await steps(client);
    await client.query('COMMIT');
    return out;
  } catch (err) {
    await client.query('ROLLBACK');
    throw err;
  } finally {
    client.release();
  }
}

await pool.query(`
  CREATE TABLE api_keys (hash TEXT PRIMARY KEY, program_id TEXT NOT NULL);
  CREATE TABLE cards (id TEXT PRIMARY KEY, program_id TEXT NOT NULL, status TEXT NOT NULL, code_hash TEXT NOT NULL,
    shipment_status TEXT NOT NULL, tries INTEGER NOT NULL, activated_at TIMESTAMP, version INTEGER NOT NULL);
  CREATE TABLE idempotency (program_id TEXT NOT NULL, idem_key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL, PRIMARY KEY (program_id, idem_key));
  CREATE TABLE audit (id TEXT PRIMARY KEY, at TIMESTAMP NOT NULL, program_id TEXT NOT NULL, action TEXT NOT NULL, card_id TEXT NOT NULL,
    outcome TEXT NOT NULL);
  CREATE INDEX audit_card ON audit (card_id, at);
  CREATE TABLE outbox (id TEXT PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL, created_at TIMESTAMP NOT NULL, sent INTEGER NOT NULL);
  CREATE INDEX outbox_waiting ON outbox (created_at) WHERE sent = 0;
  CREATE TABLE records (id TEXT PRIMARY KEY, status TEXT NOT NULL, updated_at TIMESTAMP NOT NULL);
`);
await inTransaction(async (db) => {
  await db.query('INSERT INTO api_keys VALUES ($1, $2)', [digest(PEER_KEY), 'bench']);
  const few = 1000;
  for (let from = 0; from < Number(PEER_CARDS); from += few) {
    const ids = [];
    const hashes = [];
    for (let n = from; n < Math.min(from + few, Number(PEER_CARDS)); n++) {
      const id = `card-${String(n).padStart(7, '0')}`;
      ids.push(id);
      hashes.push(digest(id + code(n)));
    }
    await db.query(
      `INSERT INTO cards SELECT id, 'bench', 'NOT_ACTIVATED', hash, 'DELIVERED', 5, NULL, 1 FROM unnest($1::text[], $2::text[]) AS t (id, hash)`,
      [ids, hashes],
    );
    await db.query(`INSERT INTO records SELECT id, 'open', now() FROM unnest($1::text[]) AS t (id)`, [ids]);
  }
});

const app = Fastify({ logger: false });

app.setErrorHandler((err, request, reply) => {
  if (!(err instanceof Refusal)) console.error(err);
  reply.code(err.status ?? 500).send({ code: err instanceof Refusal ? err.message : 'internal' });
});

async function programOf(request) {
  const header = request.headers.authorization ?? '';
  if (!header.startsWith('Bearer ')) throw new Refusal(401, 'key_missing');
  const found = await pool.query({ name: 'key', text: 'SELECT program_id FROM api_keys WHERE hash = $1', values: [digest(header.slice(7))] });
  if (found.rowCount === 0) throw new Refusal(401, 'key_invalid');
  return found.rows[0].program_id;
}

// activate does what one activation needs, statement by statement, each prepared once for a connection.
async function activate(db, program, id, key, print, typed) {
  const now = new Date();
  if (key) {
    const before = await db.query({
      name: 'before', text: 'SELECT fingerprint FROM idempotency WHERE program_id = $1 AND idem_key = $2', values: [program, key],
    });
    if (before.rowCount > 0) {
      if (before.rows[0].fingerprint !== print) throw new Refusal(422, 'key_reused');
      return;
    }
  }
  const found = await db.query({
    name: 'card',
    text: 'SELECT status, shipment_status, code_hash, tries, version FROM cards WHERE id = $1 AND program_id = $2',
    values: [id, program],
  });
  const card = found.rows[0];
  if (!card) throw new Refusal(404, 'card_not_found');
  if (card.status !== 'NOT_ACTIVATED') throw new Refusal(400, 'card_active');
  if (!['DELIVERED', 'IN_TRANSIT'].includes(card.shipment_status)) throw new Refusal(400, 'not_shipped');
  if (card.tries < 1) throw new Refusal(400, 'locked');
  if (!timingSafeEqual(Buffer.from(card.code_hash), Buffer.from(digest(id + typed)))) throw new Refusal(400, 'wrong_code');
  const done = await db.query({
    name: 'activate', text: `UPDATE cards SET status = 'ACTIVE', activated_at = $3, version = version + 1 WHERE id = $1 AND version = $2`,
    values: [id, card.version, now],
  });
  if (done.rowCount !== 1) throw new Refusal(409, 'changed_meanwhile');
  await db.query({ name: 'audit', text: `INSERT INTO audit VALUES ($1, $2, $3, 'card.activate', $4, 'ok')`, values: [`a-${id}`, now, program, id] });
  await db.query({
    name: 'event', text: `INSERT INTO outbox VALUES ($1, 'card.activated', $2, $3, 0)`,
    values: [`e-${id}`, JSON.stringify({ type: 'card.activated', card: id }), now],
  });
  if (key) await db.query({ name: 'keep', text: 'INSERT INTO idempotency VALUES ($1, $2, $3, 204, $4)', values: [program, key, print, now] });
}

app.post(
  '/cards/:id/activate',
  { schema: { body: { type: 'object', required: ['activationCode'], properties: { activationCode: { type: 'string' } } } } },
  async (request, reply) => {
    const program = await programOf(request);
    const print = digest(request.url + JSON.stringify(request.body));
    await inTransaction((db) => activate(db, program, request.params.id, request.headers['idempotency-key'], print, request.body.activationCode));
    reply.code(204).send();
  },
);

app.patch('/records/:id', async (request) => {
  const now = new Date();
  const done = await pool.query({
    name: 'patch', text: 'UPDATE records SET status = $2, updated_at = $3 WHERE id = $1', values: [request.params.id, request.body.status, now],
  });
  if (done.rowCount === 0) throw new Refusal(404, 'record_not_found');
  return { id: request.params.id, status: request.body.status, updated: now };
});

await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address();
console.log(`127.0.0.1:${port}`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
