package client_test

import (
	"context"
	"os"
	"testing"
)

// sketch lets an example use what is made for tests: an example has no testing.TB of its own.
type sketch struct {
	testing.TB
	cleanups []func()
}

func newSketch() *sketch { return &sketch{} }

func (s *sketch) Helper()                  {}
func (s *sketch) Name() string             { return "an example" }
func (s *sketch) Context() context.Context { return context.Background() }
func (s *sketch) Cleanup(f func())         { s.cleanups = append(s.cleanups, f) }
func (s *sketch) Errorf(f string, a ...any) {
	panic(f)
}
func (s *sketch) Fatal(a ...any) { panic(a) }

func (s *sketch) TempDir() string {
	dir, err := os.MkdirTemp("", "firsttap-example-")
	if err != nil {
		panic(err)
	}
	s.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (s *sketch) end() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}
