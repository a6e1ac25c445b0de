package vault

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Key is a data key: 256 random bits.
type Key [32]byte

// Format prints nothing of k.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("data key")) }

// ErrNoKey is returned by ReadKey where there is none.
var ErrNoKey = errors.New("there is no data key")

// NewKey makes a key.
func NewKey() (k Key) {
	_, _ = rand.Read(k[:]) // never fails
	return k
}

// ParseKey reads a key as people write it: 64 hex digits, or the same 32 bytes in base64.
func ParseKey(text string) (k Key, err error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if raw, err := decode(text); err == nil && len(raw) == len(k) {
			return Key(raw), nil
		}
	}
	return k, errors.New("want 32 random bytes as 64 hex digits or in base64, such as openssl rand -hex 32 prints")
}

// ReadKey reads the key in a file. One that others than its owner may read is refused.
func ReadKey(path string) (k Key, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, ErrNoKey
	}
	if err != nil {
		return k, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return k, fmt.Errorf("%s holds the data key and is open to others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	if strings.TrimSpace(string(raw)) == "" {
		return k, ErrNoKey // what a machine that went down while it was written leaves
	}
	if k, err = ParseKey(string(raw)); err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// WriteKey writes a key to a file that only its owner can read, and returns when it is on disk.
func WriteKey(path string, k Key) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(k[:]) + "\n")
	if err := errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
