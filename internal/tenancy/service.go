package tenancy

import (
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// Config is what a Service is made of.
type Config struct {
	Rules *issuance.Service
	Only  program.Kind // the only kind of programme that this host serves; "" serves both
	// Forget is told of keys that changed, so that no memory of them lets anybody in. nil tells nobody.
	Forget func(match func(access.Credential) bool)
}

// Service is the commands, one method each. It is safe for concurrent use.
type Service struct {
	rules  *issuance.Service
	only   program.Kind
	forget func(match func(access.Credential) bool)
}

// New makes a Service. It starts nothing.
func New(c Config) *Service {
	s := &Service{rules: c.Rules, only: c.Only, forget: c.Forget}
	if s.forget == nil {
		s.forget = func(func(access.Credential) bool) {}
	}
	return s
}

// realNow is real time: programmes and their keys live by it.
func (s *Service) realNow() time.Time { return s.rules.RealNow().UTC() }

// refuseOr hands a fault through, or refuses with the reason.
func refuseOr(err error, reason fault.Reason) error {
	if err != nil {
		return err
	}
	return fault.Refuse(reason)
}
