package directory

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWhatNamesADirectory(t *testing.T) {
	for text, want := range map[string]string{"dir:///srv/logs": "/srv/logs", "file:///srv/./logs/": "/srv/logs", "dir:///a/../b": "/b",
		"dir://srv/logs": "", "/srv/logs": "", "s3://bucket": "", "": "", "dir:///a\x00b": ""} {
		if got, ok := Of(text); got != want || ok != (want != "") {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

func TestFilesAreWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	for _, body := range []string{"one", "two"} {
		if err := Write(dir, "a/b/c.gz", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "a/b/c.gz")); err != nil || string(got) != body {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a/b/.*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if err := Write(filepath.Join(dir, "none"), "x", nil); !errors.Is(err, ErrAccess) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if err := Writable(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := Writable(filepath.Join(dir, "a/b/c.gz")); err == nil || Writable(dir) != nil {
		t.Errorf("got %v", err)
	}
}
