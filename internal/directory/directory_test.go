package directory

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
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
	to := Allowed{dir}
	for _, body := range []string{"one", "two"} {
		if err := to.Write(dir, "a/b/c.gz", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "a/b/c.gz")); err != nil || string(got) != body {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a/b/.*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if err := to.Write(dir, "a/b", []byte("x")); err == nil {
		t.Error("a file in place of a directory")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a/.*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if err := to.Write(filepath.Join(dir, "none"), "x", nil); !errors.Is(err, ErrAccess) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if err := to.Writable(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := to.Writable(filepath.Join(dir, "a/b/c.gz")); err == nil || to.Writable(dir) != nil {
		t.Errorf("got %v", err)
	}
}

// What nobody waits for any more may write a file while it is written again.
func TestWhoWriteOneFileAtATimeDoNotMixIt(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for _, c := range "abcdefgh" {
		wg.Go(func() {
			for range 5 {
				if err := (Allowed{dir}).Write(dir, "in/f.gz", bytes.Repeat([]byte(string(c)), 1<<16)); err != nil {
					t.Error(err)
				}
				if got, err := os.ReadFile(filepath.Join(dir, "in/f.gz")); err != nil || len(got) != 1<<16 || len(bytes.Trim(got, string(got[:1]))) > 0 {
					t.Errorf("it is mixed: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if left, _ := filepath.Glob(filepath.Join(dir, "in/.*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestNoLinkLeadsOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for name, to := range map[string]string{"AWSLogs": outside, "in/f": filepath.Join(outside, "f")} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, written := range map[string]bool{"AWSLogs/f": false, "../f": false, "in/f": true} { // the last in place of the link
		if err := (Allowed{dir}).Write(dir, name, []byte("x")); (err == nil) != written {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("outside is %v", left)
	}
	whole := filepath.Join(t.TempDir(), "link") // the directory itself may be named by a link
	if err := os.Symlink(dir, whole); err != nil {
		t.Fatal(err)
	}
	if err := (Allowed{whole}).Write(whole, "f", []byte("x")); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"inner": "sub", "outer": outside} { // within it, a link may lead elsewhere in it
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
		err := (Allowed{dir}).Write(filepath.Join(dir, link), "f", []byte("x"))
		if _, there := os.Stat(filepath.Join(to, "f")); link == "outer" && (err == nil || there == nil) || link == "inner" && err != nil {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestOnlyWhatIsAllowedIsWrittenTo(t *testing.T) {
	top := t.TempDir()
	for _, d := range []string{"a/b", "c", "ab"} {
		if err := os.MkdirAll(filepath.Join(top, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	to := Allowed{filepath.Join(top, "a"), filepath.Join(top, "c")}
	for path, allowed := range map[string]bool{"a": true, "a/b": true, "c": true, "ab": false, "": false, "..": false, "a/none": false} {
		path := filepath.Join(top, path)
		err := to.Writable(path)
		if (err == nil) != allowed {
			t.Errorf("%s: %v", path, err)
		}
		if err := to.Write(path, "f", nil); (err == nil) != allowed || err != nil && !errors.Is(err, ErrAccess) {
			t.Errorf("%s is written: %v", path, err)
		}
	}
	want := "permission denied: this daemon writes only in and beneath " + to[0] + ", " + to[1] + "; start it with --export-dir /etc to allow another"
	if err := to.Writable("/etc"); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := (Allowed{}).Write(top, "f", nil); err == nil {
		t.Error("nothing is allowed, and it is written")
	}
}
