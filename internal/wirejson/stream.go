package wirejson

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// StreamOptions are the rules for a body that is read as a stream.
type StreamOptions struct {
	Options
	Array           string // the name of the member whose elements are handed out one by one
	MaxElementBytes int    // how large one element may be
	MaxOtherBytes   int    // how large all other members may be together, names included
}

// maxGap is how much white space may stand between two parts, give or take what was read ahead.
const maxGap = 1 << 10

// Streamed is what stays of a body that was read as a stream.
type Streamed struct {
	Others Value // an object with the other members; also the streamed member when it is no array
	Found  bool  // the array was there
	Count  int   // the elements that were handed out
}

// Stream reads one object from r and calls each with every element of the member named o.Array, in order,
// while the body arrives. The other members may stand before or after it. Memory does not grow with the
// number of elements. An element is good only during the call; the texts read from it may be kept.
//
// The first error ends the walk: an [*Error] when the body is not accepted, the error of each as it is,
// or that of r, wrapped. The elements of a body that proves malformed later were handed out
// before: the caller must be able to take back what it did with them. The array may stand in the body
// only once, even where names may repeat, for what was handed out cannot be replaced.
func Stream(r io.Reader, o StreamOptions, each func(i int, element Value) error) (Streamed, error) {
	limited := &limitedReader{source: r}
	s := &stream{
		o:      o,
		source: limited,
		dec:    jsontext.NewDecoder(limited, jsontext.AllowDuplicateNames(o.AllowDuplicateNames)),
		others: NewWriter(nil),
	}
	if err := s.body(each); err != nil {
		return Streamed{}, err
	}
	return Streamed{
		Others: Value{raw: s.others.Bytes(), lastWins: o.AllowDuplicateNames},
		Found:  s.found,
		Count:  s.count,
	}, nil
}

type stream struct {
	o      StreamOptions
	source *limitedReader
	dec    *jsontext.Decoder
	others *Writer
	found  bool
	count  int
}

func (s *stream) body(each func(int, Value) error) error {
	s.allow(s.o.MaxOtherBytes)
	if s.dec.PeekKind() != jsontext.KindBeginObject {
		return s.noObject()
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return s.refuse(err)
	}
	s.others.BeginObject()
	for s.dec.PeekKind() != jsontext.KindEndObject {
		if err := s.member(each); err != nil {
			return err
		}
	}
	s.others.EndObject()
	if _, err := s.dec.ReadToken(); err != nil {
		return s.refuse(err)
	}
	s.allow(0)
	switch _, err := s.dec.ReadToken(); {
	case err == nil:
		return s.problem(Malformed) // a second value
	case errors.Is(err, io.EOF) && s.source.failure == nil:
		return nil
	default:
		return s.refuse(err)
	}
}

// noObject tells a body that is another value from one that is no JSON at all.
func (s *stream) noObject() error {
	if _, err := s.dec.ReadValue(); err != nil {
		return s.refuse(err)
	}
	return s.problem(NotObject)
}

func (s *stream) member(each func(int, Value) error) error {
	left := s.o.MaxOtherBytes - len(s.others.Bytes())
	s.allow(left)
	token, err := s.dec.ReadToken()
	if err != nil {
		return s.refuse(err)
	}
	name := token.String()
	if name == s.o.Array {
		if s.found {
			return s.problem(DuplicateName)
		}
		if s.dec.PeekKind() == jsontext.KindBeginArray {
			return s.array(each)
		}
	}
	value, err := s.value(left-len(name), 1)
	if err != nil {
		return err
	}
	s.others.Key(name).Raw(value.raw)
	s.allow(0) // for the gap before the next name
	return nil
}

func (s *stream) array(each func(int, Value) error) error {
	s.found = true
	if s.o.maxDepth() < 2 {
		return s.problem(TooDeep)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return s.refuse(err)
	}
	for {
		s.allow(s.o.MaxElementBytes)
		if s.dec.PeekKind() == jsontext.KindEndArray {
			break
		}
		element, err := s.value(s.o.MaxElementBytes, 2)
		if err != nil {
			return err
		}
		if err := each(s.count, element); err != nil {
			return err
		}
		s.count++
	}
	_, err := s.dec.ReadToken()
	s.allow(0)
	return s.refuse(err)
}

// value reads one value of at most limit bytes that stands inside the given number of brackets.
func (s *stream) value(limit, outside int) (Value, error) {
	s.allow(limit)
	raw, err := s.dec.ReadValue()
	if err != nil {
		return Value{}, s.refuse(err)
	}
	if len(raw) > limit {
		return Value{}, s.problem(TooLarge)
	}
	if tooDeep(raw, s.o.maxDepth()-outside) >= 0 {
		return Value{}, s.problem(TooDeep)
	}
	return Value{raw: raw, lastWins: s.o.AllowDuplicateNames}, nil
}

// allow lets the decoder read a part of so many bytes, and no more. It only bounds the memory: whether the
// part is too large is told by its length.
func (s *stream) allow(n int) {
	s.source.limit = s.dec.InputOffset() + int64(max(n, 0)) + maxGap
}

func (s *stream) problem(p Problem) error {
	return &Error{Problem: p, Offset: s.dec.InputOffset()}
}

// refuse names the reason why the decoder stopped: a limit, the reader, or the body itself.
func (s *stream) refuse(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(s.source.failure, errLimit):
		return s.problem(TooLarge)
	case s.source.failure != nil:
		return fmt.Errorf("reading the body: %w", s.source.failure)
	default:
		return fromSyntax(err)
	}
}

var errLimit = errors.New("a part of the body is over its limit")

// limitedReader stops at a limit that moves on with the decoder. The decoder asks for more only when the
// part it is reading is not complete, so coming to the limit means that this part is too large.
type limitedReader struct {
	source  io.Reader
	read    int64
	limit   int64
	failure error // what ended the reading, but for a plain end of the body
}

// Read reads up to the limit.
func (l *limitedReader) Read(p []byte) (int, error) {
	if l.read >= l.limit {
		l.failure = errLimit
		return 0, errLimit
	}
	n, err := l.source.Read(p[:min(int64(len(p)), l.limit-l.read)])
	l.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		l.failure = err
	}
	return n, err
}
