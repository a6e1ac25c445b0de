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
	if err := Write(dir, "a/b", []byte("x")); err == nil {
		t.Error("a file in place of a directory")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a/.*")); len(left) > 0 {
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

func TestNoLinkLeadsOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for name, to := range map[string]string{"AWSLogs": outside, "in/.f": filepath.Join(outside, "f")} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"AWSLogs/f", "in/f", "../f"} {
		if err := Write(dir, name, []byte("x")); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("outside is %v", left)
	}
	whole := filepath.Join(t.TempDir(), "link") // the directory itself may be named by a link
	if err := os.Symlink(dir, whole); err != nil {
		t.Fatal(err)
	}
	if err := Write(whole, "f", []byte("x")); err != nil {
		t.Error(err)
	}
}
