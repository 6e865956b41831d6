package customer

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// Wrong answers of one customer: more than WrongAnswers within WrongWindow are not compared any more.
const (
	WrongAnswers = 5
	WrongWindow  = 15 * time.Minute
)

// Login is what a customer proves itself with to this server, and how often it failed of late.
type Login struct {
	Program    ident.ProgramID
	Customer   ident.CustomerID
	Password   redact.Text // its slow hash; zero when there is none
	Wrong      int         // wrong answers since WrongSince
	WrongSince time.Time   // on the programme's clock
	Version    int64       // 0: not kept yet
}

// Shut is how long nothing is compared for the customer; 0 when it may answer.
func (l Login) Shut(now time.Time) time.Duration {
	if l.Wrong < WrongAnswers || !now.Before(l.WrongSince.Add(WrongWindow)) {
		return 0
	}
	return l.WrongSince.Add(WrongWindow).Sub(now)
}

// Failed counts one wrong answer.
func (l Login) Failed(now time.Time) Login {
	if l.Wrong == 0 || !now.Before(l.WrongSince.Add(WrongWindow)) {
		l.Wrong, l.WrongSince = 0, now
	}
	l.Wrong++
	return l
}

// Proved forgets the wrong answers.
func (l Login) Proved() Login {
	l.Wrong, l.WrongSince = 0, time.Time{}
	return l
}
