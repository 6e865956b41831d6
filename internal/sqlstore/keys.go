package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/keyring"
)

const (
	selectDataKeys = `SELECT id, purpose, kek, wrapped, created_at, retired FROM data_keys ORDER BY id`
	insertDataKey  = `INSERT INTO data_keys (id, purpose, kek, wrapped, created_at, retired) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO NOTHING`
	rewrapDataKey = `UPDATE data_keys SET kek = $2, wrapped = $3 WHERE id = $1`
	retireDataKey = `UPDATE data_keys SET retired = 1 WHERE id = $1`
)

// vault keeps the wrapped data keys.
type vault struct{ db *DB }

// DataKeys reads on a connection of its own, because callers may hold any other.
func (v *vault) DataKeys(ctx context.Context) ([]keyring.DataKey, error) {
	var keys []keyring.DataKey
	err := v.db.engine.lookUp(ctx, func(s *session) (err error) {
		keys, err = all(s, selectDataKeys, nil, func(r row, k *keyring.DataKey) error {
			var id int64
			err := r.scan(&id, &k.Purpose, &k.KEK, &k.Wrapped, &k.CreatedAt, &k.Retired)
			k.ID = uint32(id) //nolint:gosec // it was a uint32 when it was written
			return err
		})
		return err
	})
	return keys, err
}

func (v *vault) AddDataKey(ctx context.Context, k keyring.DataKey) error {
	added, err := v.db.changed(ctx, insertDataKey, int64(k.ID), k.Purpose, k.KEK, k.Wrapped, k.CreatedAt, k.Retired)
	if err == nil && !added {
		return keyring.ErrKeyExists
	}
	return err
}

func (v *vault) RewrapDataKey(ctx context.Context, k keyring.DataKey) error {
	return v.db.change(ctx, rewrapDataKey, int64(k.ID), k.KEK, k.Wrapped)
}

func (v *vault) RetireDataKey(ctx context.Context, id uint32) error {
	return v.db.change(ctx, retireDataKey, int64(id))
}
