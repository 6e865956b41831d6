package wirejson

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Problem says why a body was not accepted.
type Problem uint8

// The problems.
const (
	Malformed     Problem = iota + 1 // no JSON: syntax, invalid UTF-8, half a surrogate pair, cut short, something after the value
	DuplicateName                    // an object names a member twice, and repeats are not allowed
	TooDeep                          // objects and arrays nest deeper than the limit
	NotObject                        // valid JSON, but no object
	TooLarge                         // a part of a streamed body is over its limit
)

// String names the problem for logs and tests.
func (p Problem) String() string {
	switch p {
	case Malformed:
		return "malformed"
	case DuplicateName:
		return "duplicate name"
	case TooDeep:
		return "too deep"
	case NotObject:
		return "not an object"
	case TooLarge:
		return "too large"
	default:
		return "unknown"
	}
}

// Error is a body that was not accepted. It holds nothing of the body but a position.
type Error struct {
	Problem Problem
	Offset  int64 // the byte at or after which the problem was seen; 0 when it has no place
}

// Error is for logs.
func (e *Error) Error() string {
	return fmt.Sprintf("json: %s at byte %d", e.Problem, e.Offset)
}

// ProblemOf gives the problem inside err. It is 0 when err is nil or anything else than a body
// that was not accepted, such as a failed read.
func ProblemOf(err error) Problem {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problem
	}
	return 0
}

// fromSyntax turns the decoder's error, whose text quotes the body, into one that does not.
func fromSyntax(err error) *Error {
	e := &Error{Problem: Malformed}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		e.Offset = syntax.ByteOffset
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		e.Problem = DuplicateName
	}
	return e
}
