package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/store"
)

// home is the data directory:
//
//	drydock.db          the state
//	logs                log events, a directory for each log group
//	owner               8 hex digits that label this daemon's containers
//	ca.pem, ca-key.pem  the local certificate authority
//	exports             directories that may be written to without --export-dir
//	net                 sockets of gateways, and what the engine was found to be able to
//	data-key            encrypts secrets, unless $DRYDOCK_DATA_KEY does
type home struct{ dir string }

// openHome makes the directory if it is missing.
func openHome(dir string) (home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return home{}, fmt.Errorf("make the data directory: %w", err)
	}
	dir, err := filepath.Abs(dir) // the engine mounts some of it
	return home{dir}, err
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

// state opens the store. The file's lock is what keeps two daemons apart.
func (h home) state() (*store.Store, error) {
	s, err := store.Open(h.path("drydock.db"))
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("%s is in use by another daemon: stop that one, or choose another --data-dir", h.dir)
	}
	return s, err
}

// exports are where calls may have files written to: beneath the data directory, and in what else the
// developer named.
func (h home) exports(more []string) (all directory.Allowed, err error) {
	if err := os.MkdirAll(h.path("exports"), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of exports: %w", err)
	}
	all = directory.Allowed{h.path("exports")}
	for _, dir := range more {
		path, err := filepath.Abs(dir)
		if err == nil {
			err = directory.Allowed{path}.Writable(path)
		}
		if err != nil || dir == "" {
			return nil, fmt.Errorf("--export-dir %q: want a directory that is there, such as /srv/logs: %w", dir, cmp.Or(err, fs.ErrInvalid))
		}
		all = append(all, path)
	}
	return all, nil
}

var ownerForm = regexp.MustCompile(`^[0-9a-f]{8}$`)

// owner returns the name under which this data directory's containers run, made once. An empty file
// is what a machine that went down in that moment leaves: nothing ran under it.
func (h home) owner() (string, error) {
	raw, err := os.ReadFile(h.path("owner"))
	name := strings.TrimSpace(string(raw))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && name == "":
		name = ids.Hex(8)
		err = writeOnce(h.path("owner"), name)
	case err == nil && !ownerForm.MatchString(name):
		err = fmt.Errorf("%s holds no 8 hex digits; write those of the label on this directory's containers there, or delete the file if none run", h.path("owner"))
	}
	if err != nil {
		return "", fmt.Errorf("owner of the data directory: %w", err)
	}
	return name, nil
}

// writeOnce writes a file that is on disk when it returns.
func writeOnce(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}
