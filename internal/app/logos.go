package app

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/firsttap/firsttap/internal/ident"
)

const (
	mostLogo       = 256 << 10 // bytes of a file
	mostLogoPixels = 1024      // of a side
)

// readLogos reads the logos of programmes, PNG alone: an SVG could run a script. Each is drawn anew, so that nothing but the
// picture leaves, whatever else was in the file. "" is no folder.
func readLogos(dir string) (map[ident.ProgramID][]byte, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // no logos
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return nil, fmt.Errorf("read the logos: %w", err)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("read the logos: %w", err)
	}
	logos := map[ident.ProgramID][]byte{}
	for _, path := range paths {
		id, err := ident.ParseUUID(strings.TrimSuffix(filepath.Base(path), ".png"))
		if err != nil {
			return nil, fmt.Errorf("the logo %s has not the id of a programme as its name", path)
		}
		if logos[ident.ProgramID{UUID: id}], err = readLogo(path); err != nil {
			return nil, fmt.Errorf("the logo %s: %w", path, err)
		}
	}
	return logos, nil
}

func readLogo(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostLogo {
		return nil, fmt.Errorf("it has %d bytes, more than %d", info.Size(), mostLogo)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	size, err := png.DecodeConfig(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if size.Width > mostLogoPixels || size.Height > mostLogoPixels {
		return nil, fmt.Errorf("it is %d pixels wide and %d high, more than %d", size.Width, size.Height, mostLogoPixels)
	}
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}
