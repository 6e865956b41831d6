package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// keeping is how a store keeps things of one sort: the methods that write one and that read one back.
type keeping[T any] struct {
	insert func(ctx context.Context, tx issuance.Tx, v T) error
	update func(ctx context.Context, tx issuance.Tx, v T) error // nil when such a thing never changes
	// readers give one thing each, to the programme that asks; the first one is by id.
	readers []reader[T]
	version func(v *T) *int64 // nil when the thing has none
}

type reader[T any] struct {
	name string
	read func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, v T) (T, bool, error)
}

// holds tries one thing through its life: it is not there, it is written, every reader gives it back with
// every field, a foreign programme sees nothing of it, it is changed.
func (k keeping[T]) holds(t *testing.T, w *World, v T, change func(v *T)) {
	t.Helper()
	k.readsNothing(t, w, w.Program.ID, v, "before it was written")
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		if err := k.insert(ctx, tx, v); err != nil {
			return err
		}
		_, err := found(k.readers[0].read(ctx, tx, w.Program.ID, v)) // a transaction sees its own writes
		return err
	})
	v = k.readsBack(t, w, v, "as it was written")
	k.readsNothing(t, w, w.Foreign.ID, v, "for another programme")
	if k.update == nil {
		return
	}
	before := v
	change(&v)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return k.update(ctx, tx, v) })
	if k.version != nil {
		*k.version(&v)++
	}
	if after := k.readsBack(t, w, v, "as it was changed"); k.version != nil && *k.version(&after) != *k.version(&before)+1 {
		t.Errorf("the update took the version from %d to %d", *k.version(&before), *k.version(&after))
	}
}

// readsBack wants every reader to give v. The version after an insert is the store's choice.
func (k keeping[T]) readsBack(t *testing.T, w *World, v T, when string) T {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		for i, r := range k.readers {
			got, there, err := r.read(ctx, tx, w.Program.ID, v)
			if err != nil {
				return err
			}
			if !there {
				t.Fatalf("%s does not find it %s", r.name, when)
			}
			if i == 0 && k.version != nil {
				*k.version(&v) = *k.version(&got)
			}
			same(t, r.name+" "+when, v, got)
		}
		return nil
	})
	return v
}

func (k keeping[T]) readsNothing(t *testing.T, w *World, p ident.ProgramID, v T, when string) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		for _, r := range k.readers {
			if _, there, err := r.read(ctx, tx, p, v); there || err != nil {
				t.Errorf("%s %s: found %v, error %v; want neither", r.name, when, there, err)
			}
		}
		return nil
	})
}

// listed makes a reader of a list: it finds the thing that has the id.
func listed[T any](id func(T) ident.UUID, list func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]T, error)) func(context.Context, issuance.ReadTx, ident.ProgramID, T) (T, bool, error) {
	return func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, v T) (T, bool, error) {
		all, err := list(ctx, tx, p)
		for _, got := range all {
			if id(got) == id(v) {
				return got, true, err
			}
		}
		var none T
		return none, false, err
	}
}

// filled insists that a sample has every field set, so that a new field cannot be forgotten here or in a
// store. Fields that must stay empty are named, as are those of a value that excludes another.
func filled[T any](t *testing.T, v T, but ...string) T {
	t.Helper()
	var empty []string
	emptyFields(reflect.ValueOf(v), "", &empty)
	for _, name := range empty {
		if !slices.Contains(but, name) {
			t.Errorf("the sample of %T leaves %s empty: set it, and see that stores keep it", v, name)
		}
	}
	return v
}

func emptyFields(v reflect.Value, path string, empty *[]string) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+v.Type().Field(i).Name
		switch {
		case !v.Type().Field(i).IsExported():
		case field.IsZero():
			*empty = append(*empty, name)
		case field.Kind() == reflect.Struct:
			emptyFields(field, name+".", empty)
		}
	}
}

var errOfTheBody = errors.New("an error of the body")

// all is one page that holds everything a case makes.
var all = issuance.Page{Limit: 1000}
