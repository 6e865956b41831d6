package ident

import (
	"encoding/binary"
	"time"
)

// LowestUUID is the lowest UUID that a Source mints at a real time or later: ids sort by the real time of
// minting, so that stores can ask for old rows whatever clock their programme has.
func LowestUUID(at time.Time) UUID {
	u := UUID{6: 0x70, 8: 0x80}
	ms := milliseconds(at)
	copy(u[:6], ms[2:])
	return u
}

// LowestEventID is LowestUUID for event ids.
func LowestEventID(at time.Time) EventID {
	var raw [16]byte
	ms := milliseconds(at)
	copy(raw[:6], ms[2:])
	return printEventID(raw)
}

// milliseconds since 1970, big endian; earlier times do not occur.
func milliseconds(at time.Time) (b [8]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(max(at.UnixMilli(), 0)))
	return b
}
