package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
)

const (
	keyFileVersion  = 1
	maxKeyFileBytes = 1 << 20
	maxKEKIDBytes   = 64
)

// errKeyFileForm is all that is said about a key file that is no JSON of the right shape: the words
// of a JSON decoder may quote what it read, and what it read may be a key.
var errKeyFileForm = errors.New("not a key file: the JSON does not have the form of version 1")

// keyFileJSON is the file. It is the one place where a KEK is in clear, beside the memory.
type keyFileJSON struct {
	Version int       `json:"version"`
	Keys    []kekJSON `json:"keys"` // oldest first
}

type kekJSON struct {
	ID        string    `json:"id"`
	Key       string    `json:"key"` // base64, 32 bytes
	CreatedAt time.Time `json:"created_at"`
}

// parseKeyFile reads a key file. What it takes, encodeKeyFile writes so that it reads the same.
func parseKeyFile(content []byte) ([]kek, error) {
	var file keyFileJSON
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&file) != nil {
		return nil, errKeyFileForm
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errKeyFileForm
	}
	if file.Version != keyFileVersion {
		return nil, fmt.Errorf("key file version %d is not known; this build reads version %d", file.Version, keyFileVersion)
	}
	if len(file.Keys) == 0 {
		return nil, errors.New("the key file holds no key")
	}
	keks := make([]kek, 0, len(file.Keys))
	for i, entry := range file.Keys {
		k, err := parseKEK(entry)
		if err != nil {
			return nil, fmt.Errorf("key %d of the key file: %w", i+1, err)
		}
		same := func(before kek) bool { return before.id == k.id || before.key.Equal(k.key) }
		if slices.ContainsFunc(keks, same) {
			return nil, fmt.Errorf("key %d of the key file is there twice", i+1)
		}
		keks = append(keks, k)
	}
	return keks, nil
}

func parseKEK(entry kekJSON) (kek, error) {
	if !isKEKID(entry.ID) {
		return kek{}, errors.New("its id is not 1 to 64 of a-z, 0-9 and _")
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(entry.Key)
	defer clear(decoded)
	if err != nil || len(decoded) != keyBytes || base64.StdEncoding.EncodeToString(decoded) != entry.Key {
		return kek{}, errors.New("its key is not 32 bytes in base64")
	}
	if bytes.Equal(decoded, make([]byte, keyBytes)) {
		return kek{}, errors.New("its key is all zeros")
	}
	createdAt := entry.CreatedAt.UTC()
	if createdAt.Year() < 1970 || createdAt.Year() > 9999 {
		return kek{}, errors.New("its created_at is missing or out of range")
	}
	return kek{id: entry.ID, key: redact.TextFromBytes(decoded), createdAt: createdAt}, nil
}

func isKEKID(id string) bool {
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxKEKIDBytes
}

func encodeKeyFile(keks []kek) ([]byte, error) {
	file := keyFileJSON{Version: keyFileVersion}
	for _, k := range keks {
		key := k.key.Bytes()
		file.Keys = append(file.Keys, kekJSON{
			ID: k.id, Key: base64.StdEncoding.EncodeToString(key), CreatedAt: k.createdAt,
		})
		clear(key)
	}
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, errKeyFileForm
	}
	return append(content, '\n'), nil
}
