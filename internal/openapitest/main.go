package openapitest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
)

// MustLoad is [Load] for a variable of a test package.
func MustLoad(ctx context.Context, text []byte) *Document {
	d, err := Load(ctx, text)
	if err != nil {
		panic(err)
	}
	return d
}

// Main runs the tests of a door, and gives the exit code. A whole run must have met every success that the document
// describes.
func (d *Document) Main(m *testing.M) int {
	code := m.Run()
	for _, part := range []string{"run", "bench", "fuzz", "list", "skip"} {
		if flag.Lookup("test."+part).Value.String() != "" {
			return code
		}
	}
	if unseen := d.Unseen(); code == 0 && len(unseen) > 0 {
		fmt.Fprintf(os.Stderr, "no test has seen these answers of the document: %q\n", unseen)
		return 1
	}
	return code
}
