package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/firsttap/firsttap/internal/issuance"
)

// meetingRepeats holds one repeat at the store, with its key in its hands, and lets another one come.
func meetingRepeats(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	store := &haltingStore{Store: w.Store.Issuance()}
	for name, command := range map[string]func(*issuance.Service, *issuance.Key) error{
		"activation": func(s *issuance.Service, key *issuance.Key) error {
			return s.Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller(), Key: key}, Card: w.Card.Card.ID, Code: w.Code})
		},
		"freeze": func(s *issuance.Service, key *issuance.Key) error {
			_, err := s.Freeze(t.Context(), issuance.SwitchCard{Command: issuance.Command{Caller: w.Caller(), Key: key}, Card: w.Card.Card.ID})
			return err
		},
	} {
		key := &issuance.Key{
			Door: "cards", Value: name, Fingerprint: []byte("the request"),
			Record: func(any, error) (issuance.Answer, bool) { return issuance.Answer{Status: 204}, true },
		}
		ran := w.Service(haltingHandle{w.Store, store})
		held, met := store.meet(func() error { return command(ran, key) })
		if !errors.Is(met, issuance.KeyInProgress) || errors.As(held, new(*issuance.Replayed)) {
			t.Errorf("%s: beside the first, which gave %v, a repeat got %v", name, held, met)
		}
		for process, rules := range map[string]*issuance.Service{"the same": ran, "another": w.Service(haltingHandle{w.Store, store})} {
			held, met := store.meet(func() error { return command(rules, key) })
			if !errors.As(held, new(*issuance.Replayed)) || !errors.As(met, new(*issuance.Replayed)) {
				t.Errorf("%s, in %s process: repeats that met got %v and %v", name, process, held, met)
			}
		}
	}
}

// haltingStore lets one call wait until it is told to go on.
type haltingStore struct {
	issuance.Store
	halt chan halt // holds at most one, for the next call
}

type halt struct{ arrived, goOn chan struct{} }

// haltingHandle is a handle whose rules go through a haltingStore.
type haltingHandle struct {
	Store
	rules issuance.Store
}

func (h haltingHandle) Issuance() issuance.Store { return h.rules }

// meet runs a command twice: the first is held at the store until the second is answered.
func (s *haltingStore) meet(command func() error) (held, met error) {
	stop := halt{make(chan struct{}), make(chan struct{})}
	s.halt = make(chan halt, 1)
	s.halt <- stop
	over := make(chan error)
	go func() { over <- command() }()
	<-stop.arrived
	met = command()
	close(stop.goOn)
	return <-over, met
}

func (s *haltingStore) pass() {
	select {
	case stop := <-s.halt:
		close(stop.arrived)
		<-stop.goOn
	default:
	}
}

func (s *haltingStore) Write(ctx context.Context, body func(issuance.Tx) error) error {
	s.pass()
	return s.Store.Write(ctx, body)
}

func (s *haltingStore) ReadOnce(ctx context.Context, body func(issuance.ReadTx) error) error {
	s.pass()
	return s.Store.ReadOnce(ctx, body)
}

func (s *haltingStore) Activate(ctx context.Context, key issuance.ActivationKey,
	decide func(issuance.ActivationState) (issuance.ActivationChanges, error),
) error {
	s.pass()
	return s.Store.Activate(ctx, key, decide)
}
