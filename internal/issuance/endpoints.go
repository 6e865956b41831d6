package issuance

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// The actions of audit rows.
const (
	actionEndpointCreate  = "webhook.create"
	actionEndpointUpdate  = "webhook.update"
	actionEndpointRotate  = "webhook.rotate_secret"
	actionEndpointDisable = "webhook.disable"
	actionBatchWebhook    = "webhook.set"
	actionEndpointTest    = "webhook.test"
)

// batchOverlap is how long the secret before a rotation signs too (debit contract §8.6).
const batchOverlap = 24 * time.Hour

// batchEndpoint is the name of the one endpoint of the debit API.
const batchEndpoint = "batches"

// CreateEndpoint adds a place where the webhooks of a door go. The door has checked the URL.
type CreateEndpoint struct {
	Command
	Door  event.Door
	Name  string
	URL   string
	Types []string // names of events; none is all
	Limit int      // most endpoints of the door that are not disabled; 0: no limit
}

// IssuedEndpoint is an endpoint with a secret that is shown once. Records of idempotency keys get it as
// the result of CreateEndpoint and of SetBatchWebhook.
type IssuedEndpoint struct {
	Endpoint Endpoint
	Secret   redact.Text // zero when it is not new
}

// CreateEndpoint adds an endpoint and gives its secret. Refusals: EndpointLimit, with the limit as detail.
func (s *Service) CreateEndpoint(ctx context.Context, cmd CreateEndpoint) (Endpoint, redact.Text, error) {
	out, err := Run(ctx, s, cmd.Command, actionEndpointCreate, func(w *Work) (IssuedEndpoint, error) {
		all, err := w.Tx.Endpoints(ctx, w.Program.ID, cmd.Door)
		if err != nil {
			return IssuedEndpoint{}, err
		}
		if cmd.Limit > 0 && len(living(all)) >= cmd.Limit {
			return IssuedEndpoint{}, fault.RefuseWith(EndpointLimit, cmd.Limit)
		}
		return s.newEndpoint(ctx, w, Endpoint{Door: cmd.Door, Name: cmd.Name, URL: cmd.URL, Types: cmd.Types})
	})
	return out.Endpoint, out.Secret, err
}

// UpdateEndpoint changes a name, a URL, the events that are wanted, or whether they wait. The door has checked the URL.
type UpdateEndpoint struct {
	Command
	Door      event.Door
	Endpoint  ident.EndpointID
	Name, URL string // "" stays
	Types     *[]string
	Paused    *bool
}

// change gives the endpoint with what the command says.
func (cmd UpdateEndpoint) change(e Endpoint) Endpoint {
	e.Name, e.URL = cmp.Or(cmd.Name, e.Name), cmp.Or(cmd.URL, e.URL)
	if cmd.Types != nil {
		e.Types = *cmd.Types
	}
	if cmd.Paused != nil {
		e.Paused = *cmd.Paused
	}
	return e
}

// UpdateEndpoint changes an endpoint; attempts that start later use the new URL, also for older events.
// Refusals: EndpointNotFound, EndpointDisabled.
func (s *Service) UpdateEndpoint(ctx context.Context, cmd UpdateEndpoint) (Endpoint, error) {
	return Run(ctx, s, cmd.Command, actionEndpointUpdate, func(w *Work) (Endpoint, error) {
		e, err := livingEndpoint(ctx, w, cmd.Door, cmd.Endpoint)
		if err != nil {
			return Endpoint{}, err
		}
		w.Audit.Note = e.ID.String()
		next := cmd.change(e)
		if next.Name == e.Name && next.URL == e.URL && next.Paused == e.Paused && slices.Equal(next.Types, e.Types) {
			return e, nil
		}
		next.UpdatedAt = program.Later(w.Now, e.UpdatedAt)
		return next, w.Tx.UpdateEndpoint(ctx, next)
	})
}

// RotateEndpoint gives an endpoint a new secret.
type RotateEndpoint struct {
	Command
	Door     event.Door
	Endpoint ident.EndpointID
}

// RotateEndpoint gives an endpoint a new secret. The old one is dead at once, unless the programme lets it
// sign beside the new one for a while. Refusals: EndpointNotFound, EndpointDisabled.
func (s *Service) RotateEndpoint(ctx context.Context, cmd RotateEndpoint) (IssuedEndpoint, error) {
	return Run(ctx, s, cmd.Command, actionEndpointRotate, func(w *Work) (IssuedEndpoint, error) {
		e, err := livingEndpoint(ctx, w, cmd.Door, cmd.Endpoint)
		if err != nil {
			return IssuedEndpoint{}, err
		}
		w.Audit.Note = e.ID.String()
		overlap := w.Program.Policy.RotationOverlap
		if cmd.Door != event.CardsDoor {
			overlap = batchOverlap
		}
		out, err := s.rotate(e, w.Now, overlap)
		if err != nil {
			return IssuedEndpoint{}, err
		}
		return out, w.Tx.UpdateEndpoint(ctx, out.Endpoint)
	})
}

// DisableEndpoint ends an endpoint for good. One that is disabled already stays as it is.
type DisableEndpoint struct {
	Command
	Door     event.Door
	Endpoint ident.EndpointID
}

// DisableEndpoint ends an endpoint; what waits for it is dropped. Refusals: EndpointNotFound.
func (s *Service) DisableEndpoint(ctx context.Context, cmd DisableEndpoint) (Endpoint, error) {
	return Run(ctx, s, cmd.Command, actionEndpointDisable, func(w *Work) (Endpoint, error) {
		e, ok, err := w.Tx.Endpoint(ctx, w.Program.ID, cmd.Endpoint)
		if err != nil {
			return Endpoint{}, err
		}
		if !ok || e.Door != cmd.Door {
			return Endpoint{}, fault.Refuse(EndpointNotFound)
		}
		return disable(ctx, w, e)
	})
}

// Endpoints lists the endpoints of a door, disabled ones included.
func (s *Service) Endpoints(ctx context.Context, p ident.ProgramID, door event.Door) ([]Endpoint, error) {
	var out []Endpoint
	err := s.store.Read(ctx, func(tx ReadTx) (err error) {
		out, err = tx.Endpoints(ctx, p, door)
		return err
	})
	return out, err
}

// Endpoint gives one endpoint of a door. Refusals: EndpointNotFound.
func (s *Service) Endpoint(ctx context.Context, p ident.ProgramID, door event.Door, id ident.EndpointID) (Endpoint, error) {
	var out Endpoint
	err := s.store.Read(ctx, func(tx ReadTx) error {
		e, ok, err := tx.Endpoint(ctx, p, id)
		if err != nil {
			return err
		}
		if !ok || e.Door != door {
			return fault.Refuse(EndpointNotFound)
		}
		out = e
		return nil
	})
	return out, err
}

// SetBatchWebhook says where the debit API tells that batches ended (debit contract §8.6). The door has
// checked the URL.
type SetBatchWebhook struct {
	Command
	URL    string
	Rotate bool // a new secret; the old one signs too for a day
}

// SetBatchWebhook sets the one endpoint of the debit API. The secret is in the result when it is new.
func (s *Service) SetBatchWebhook(ctx context.Context, cmd SetBatchWebhook) (IssuedEndpoint, error) {
	return Run(ctx, s, cmd.Command, actionBatchWebhook, func(w *Work) (IssuedEndpoint, error) {
		e, ok, err := batchWebhook(ctx, w.Tx, w.Program.ID)
		if err != nil {
			return IssuedEndpoint{}, err
		}
		if !ok {
			return s.newEndpoint(ctx, w, Endpoint{Door: event.DebitDoor, Name: batchEndpoint, URL: cmd.URL})
		}
		out := IssuedEndpoint{Endpoint: e}
		out.Endpoint.URL, out.Endpoint.UpdatedAt = cmd.URL, program.Later(w.Now, out.Endpoint.UpdatedAt)
		if cmd.Rotate {
			if out, err = s.rotate(out.Endpoint, w.Now, batchOverlap); err != nil {
				return IssuedEndpoint{}, err
			}
		}
		return out, w.Tx.UpdateEndpoint(ctx, out.Endpoint)
	})
}

// RemoveBatchWebhook lets batches end without notice. Removing none is no refusal.
func (s *Service) RemoveBatchWebhook(ctx context.Context, cmd Command) error {
	_, err := Run(ctx, s, cmd, actionEndpointDisable, func(w *Work) (Endpoint, error) {
		e, ok, err := batchWebhook(ctx, w.Tx, w.Program.ID)
		if err != nil || !ok {
			return Endpoint{}, err
		}
		return disable(ctx, w, e)
	})
	return err
}

// BatchWebhook is where the debit API tells that batches ended. The zero one is none.
type BatchWebhook struct {
	URL          string
	Enabled      bool
	FailingSince time.Time // zero: the last attempts were good, or there were none
}

// BatchWebhook reads the endpoint of the debit API.
func (s *Service) BatchWebhook(ctx context.Context, p ident.ProgramID) (BatchWebhook, error) {
	var out BatchWebhook
	err := s.store.Read(ctx, func(tx ReadTx) error {
		out = BatchWebhook{}
		e, ok, err := batchWebhook(ctx, tx, p)
		if err != nil || !ok {
			return err
		}
		out.URL, out.Enabled = e.URL, true
		since, failing, err := tx.FailingSince(ctx, p, e.ID)
		if failing {
			out.FailingSince = since
		}
		return err
	})
	return out, err
}

// SampleReference stands for a batch in the sample that a test of the webhook sends.
const SampleReference ident.Reference = "00000000000000000000000000000000"

// TestBatchWebhook queues a sample in the door's words for the endpoint. Refusals: EndpointNotFound.
func (s *Service) TestBatchWebhook(ctx context.Context, cmd Command, sample event.Draft) error {
	_, err := Run(ctx, s, cmd, actionEndpointTest, func(w *Work) (struct{}, error) {
		_, ok, err := batchWebhook(ctx, w.Tx, w.Program.ID)
		if err != nil {
			return struct{}{}, err
		}
		if !ok {
			return struct{}{}, fault.Refuse(EndpointNotFound)
		}
		id := NoticeID(s.ids.Reference()) // of its own, so that a second test is not dropped as a repeat
		return struct{}{}, w.Tx.InsertMessages(ctx, event.Message{
			ID: id, Program: w.Program.ID, Door: sample.Door, Type: sample.Type, Body: sample.Body(id),
			CreatedAt: w.Now.Truncate(time.Microsecond),
		})
	})
	return err
}

// TestEndpoint sends a sample to one endpoint of the native door.
type TestEndpoint struct {
	Command
	Endpoint ident.EndpointID
}

// TestEndpoint queues a signed sample for an endpoint, whatever events it wants, and gives the id of its message. A paused one gets it
// when it goes on. Refusals: EndpointNotFound, EndpointDisabled.
func (s *Service) TestEndpoint(ctx context.Context, cmd TestEndpoint) (ident.EventID, error) {
	return Run(ctx, s, cmd.Command, actionEndpointTest, func(w *Work) (ident.EventID, error) {
		e, err := livingEndpoint(ctx, w, event.NativeDoor, cmd.Endpoint)
		if err != nil {
			return "", err
		}
		w.Audit.Note = e.ID.String()
		id, sample := s.ids.EventID(), event.NativeSample(e.ID, w.Now)
		return id, w.Tx.SendTo(ctx, event.Message{
			ID: id, Program: w.Program.ID, Door: sample.Door, Type: sample.Type, Body: sample.Body(id), CreatedAt: w.Now.Truncate(time.Microsecond),
		}, e.ID)
	})
}

// newEndpoint mints a secret and adds an endpoint like that.
func (s *Service) newEndpoint(ctx context.Context, w *Work, e Endpoint) (IssuedEndpoint, error) {
	e.ID, e.Program = ident.EndpointID{UUID: s.ids.UUID()}, w.Program.ID
	e.CreatedAt, e.UpdatedAt = w.Now, w.Now
	secret := s.endpointSecret(e.Door)
	sealed, err := s.sealer.Seal(e.SecretBound(), secret)
	if err != nil {
		return IssuedEndpoint{}, fault.Wrap(err, "seal a webhook secret")
	}
	e.SecretSealed = sealed
	return IssuedEndpoint{Endpoint: e, Secret: secret}, w.Tx.InsertEndpoint(ctx, e)
}

// rotate gives the endpoint a new secret; the old one signs too for the overlap.
func (s *Service) rotate(e Endpoint, now time.Time, overlap time.Duration) (IssuedEndpoint, error) {
	secret := s.endpointSecret(e.Door)
	sealed, err := s.sealer.Seal(e.SecretBound(), secret)
	if err != nil {
		return IssuedEndpoint{}, fault.Wrap(err, "seal a webhook secret")
	}
	e.PreviousSealed, e.PreviousUntil = nil, time.Time{}
	if overlap > 0 {
		e.PreviousSealed, e.PreviousUntil = e.SecretSealed, now.Add(overlap)
	}
	e.SecretSealed, e.UpdatedAt = sealed, program.Later(now, e.UpdatedAt)
	return IssuedEndpoint{Endpoint: e, Secret: secret}, nil
}

// endpointSecret mints a secret in the form of the door's signature: "whsec_" and 43 letters and digits for the cards
// API, Standard Webhooks for the others.
func (s *Service) endpointSecret(door event.Door) redact.Text {
	if door != event.CardsDoor {
		return redact.NewText("whsec_" + base64.StdEncoding.EncodeToString(s.ids.Bytes(32)))
	}
	return redact.NewText("whsec_" + s.ids.Base62(43))
}

func disable(ctx context.Context, w *Work, e Endpoint) (Endpoint, error) {
	if e.Disabled {
		return e, nil
	}
	e.Disabled, e.UpdatedAt = true, program.Later(w.Now, e.UpdatedAt)
	return e, w.Tx.UpdateEndpoint(ctx, e)
}

// batchWebhook finds the endpoint of the debit API that is not disabled; there is at most one.
func batchWebhook(ctx context.Context, tx EndpointReader, p ident.ProgramID) (Endpoint, bool, error) {
	all, err := tx.Endpoints(ctx, p, event.DebitDoor)
	if err != nil {
		return Endpoint{}, false, err
	}
	if left := living(all); len(left) > 0 {
		return left[0], true, nil
	}
	return Endpoint{}, false, nil
}

func living(all []Endpoint) []Endpoint {
	var out []Endpoint
	for _, e := range all {
		if !e.Disabled {
			out = append(out, e)
		}
	}
	return out
}
