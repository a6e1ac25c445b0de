package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/store"
)

// home is the data directory:
//
//	drydock.db      the state
//	owner           8 hex digits that label this daemon's containers
//	ca.pem, ca.key  the local certificate authority
type home struct{ dir string }

// openHome makes the directory if it is missing.
func openHome(dir string) (home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return home{}, fmt.Errorf("make the data directory: %w", err)
	}
	return home{dir}, nil
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

// owner returns the name under which this data directory's containers run, made once.
func (h home) owner() (string, error) {
	raw, err := os.ReadFile(h.path("owner"))
	if errors.Is(err, fs.ErrNotExist) {
		raw = []byte(ids.Hex(8))
		err = os.WriteFile(h.path("owner"), raw, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("owner of the data directory: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
