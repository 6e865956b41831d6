package httpd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	in := func(t *testing.T, test func(t *testing.T, d *deadline, leave context.CancelFunc)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			request, leave := context.WithCancel(t.Context())
			defer leave()
			d := &deadline{request: request, timeout: 8 * time.Second, started: time.Now(), now: time.Now}
			test(t, d, leave)
			d.end()
		})
	}
	t.Run("counts from the start of the request, whoever asks when", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			<-time.After(5 * time.Second)
			asked := time.Now()
			<-d.Done()
			if waited := time.Since(asked); waited != 3*time.Second {
				t.Errorf("over after %s, want 3s", waited)
			}
			if err := d.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Err() = %v", err)
			}
		})
	})
	t.Run("is over at once for whoever asks too late", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			<-time.After(9 * time.Second)
			if err := d.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Err() = %v", err)
			}
		})
	})
	t.Run("a context made from it ends with it, and by its cause", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, leave context.CancelFunc) {
			child, cancel := context.WithCancel(d)
			defer cancel()
			leave()
			<-child.Done()
			if err := context.Cause(child); !errors.Is(err, context.Canceled) {
				t.Errorf("Cause() = %v", err)
			}
		})
	})
	t.Run("the end of the request is told to all who wait, and to whoever asks later", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			d.end()
			if err := d.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("asked later: Err() = %v", err)
			}
		})
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			ended := d.Done()
			d.end()
			<-ended
		})
	})
	t.Run("values are those of the request, before and after", func(t *testing.T) {
		in(t, func(t *testing.T, d *deadline, _ context.CancelFunc) {
			type name struct{}
			d.request = context.WithValue(d.request, name{}, "card")
			if d.Value(name{}) != "card" || d.Err() != nil || d.Value(name{}) != "card" {
				t.Errorf("Value = %v, Err = %v", d.Value(name{}), d.Err())
			}
		})
	})
}
