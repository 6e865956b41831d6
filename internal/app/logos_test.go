package app

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogos_AreDrawnAnewAndAreNothingButPictures(t *testing.T) {
	t.Parallel()
	const id = "019cc43c-3189-7685-bc4c-fa2832a42486"
	drawn := func(width int) string {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 8))); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ file, text, wrong string }{
		"a picture":            {id + ".png", drawn(40) + "<script>alert(1)</script>", ""},
		"another name":         {"bank.png", drawn(40), "has not the id of a programme"},
		"a script":             {id + ".png", "<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG file"},
		"a picture too wide":   {id + ".png", drawn(1025), "more than 1024"},
		"a file too long":      {id + ".png", drawn(40) + strings.Repeat("x", mostLogo), "more than 262144"},
		"a picture cut in two": {id + ".png", drawn(40)[:50], "not enough pixel data"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readLogos(dir)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", name, err)
		}
		for _, picture := range got {
			if bytes.Contains(picture, []byte("script")) || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
				t.Errorf("%s is served with more than the picture", name)
			}
		}
		if err == nil && len(got) != 1 {
			t.Errorf("%s: %d logos", name, len(got))
		}
	}
	if _, err := readLogos(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}
