// Package directory writes files into directories of this machine. They stand for what others have in
// the cloud and Drydock has not: the bucket of a flow log, the stream of a log destination. A directory
// must exist, as those must, and be one that the developer allowed; who reads one never sees half a file.
package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
)

// Example is how a directory is written, for messages.
const Example = "dir:///srv/logs"

// Of returns the path that a text such as "dir:///srv/logs" names; false if it names none. The prefix
// file:// is the same, but the AWS command line takes that for a file to read the value from.
func Of(text string) (path string, ok bool) {
	path, ok = strings.CutPrefix(text, "dir://")
	if !ok {
		path, ok = strings.CutPrefix(text, "file://")
	}
	if !ok || !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return "", false
	}
	return filepath.Clean(path), true
}

// ErrAccess is what its owner can mend: the directory is not there, or may not be written to.
var ErrAccess = errors.New("the directory cannot be written to")

// Allowed are the directories in and beneath which files may be written. Who calls the API names others
// in vain: a container may, whom its developer does not trust with the rest of the machine.
type Allowed []string

// Writable reports what keeps a directory from being written to.
func (a Allowed) Writable(path string) error {
	d, err := a.open(path)
	if err == nil {
		return d.Close()
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// Write writes a file below a directory, in place of one that is there. It is on the disk when Write
// returns. Others may write into the directory too: no link of theirs leads out of it.
func (a Allowed) Write(directory, name string, body []byte) error {
	d, err := a.open(directory)
	if err != nil {
		return inaccessible(err)
	}
	return inaccessible(errors.Join(write(d, name, body), d.Close()))
}

// open opens a directory, which must exist. On the way there from one that is allowed no link leads out
// of that.
func (a Allowed) open(path string) (d *os.Root, err error) {
	err = a.refusal(path)
	for _, top := range a {
		below, outside := filepath.Rel(top, path)
		if outside != nil || !filepath.IsLocal(below) {
			continue
		}
		if d, err = descend(top, below); err == nil {
			return d, nil
		}
	}
	return nil, err
}

func descend(top, below string) (*os.Root, error) {
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenRoot(below)
}

// refusal says what is allowed, and how more is.
func (a Allowed) refusal(path string) error {
	return fmt.Errorf("%w: this daemon writes only in and beneath %s; start it with --export-dir %s to allow another",
		fs.ErrPermission, strings.Join(a, ", "), path)
}

func write(root *os.Root, name string, body []byte) error {
	in := filepath.Dir(name)
	_, before := root.Stat(in)
	if err := root.MkdirAll(in, 0o755); err != nil {
		return err
	}
	half := filepath.Join(in, "."+filepath.Base(name)+"."+ids.Hex(8)) // somebody else may be at the same file
	err := put(root, half, body)
	if err == nil {
		err = root.Rename(half, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(half))
	}
	for err = syncDir(root, in); err == nil && before != nil && in != "."; err = syncDir(root, in) {
		in = filepath.Dir(in) // which is new too, perhaps
	}
	return err
}

func put(root *os.Root, name string, body []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// inaccessible tells what a user can mend from what a user cannot.
func inaccessible(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrAccess, err)
	}
	return err
}
