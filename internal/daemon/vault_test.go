package daemon

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

func TestTheDataKeyFitsWhatIsThere(t *testing.T) {
	given := hex.EncodeToString(bytes.Repeat([]byte("k"), 32))
	other := hex.EncodeToString(bytes.Repeat([]byte("o"), 32))
	for _, c := range []struct {
		rule   string
		before string // DRYDOCK_DATA_KEY of the first start
		secret bool   // the first daemon kept one
		edit   func(t *testing.T, file string)
		after  string // DRYDOCK_DATA_KEY of the second start
		want   string // in the error
	}{
		{"a key is made once", "", true, nil, "", ""},
		{"the environment's key is no file", given, true, gone, given, ""},
		{"a missing key is an error when there are secrets", "", true, remove, "", "there are secrets, and "},
		{"a missing key is made anew when there are none", "", false, remove, "", ""},
		{"another key is an error when there are secrets", "", true, nil, other, "the data key of DRYDOCK_DATA_KEY is not the one"},
		{"another key is taken when there are none", "", false, nil, other, ""},
		{"a file with another key is an error", "", true, write(other), "", "data-key is not the one"},
		{"a file with no key is an error", "", true, write("hunter2"), "", "want 32 random bytes"},
		{"an empty file is a missing key", "", true, write(""), "", "there are secrets, and "},
		{"a file for all to read is an error", "", true, open644, "", "chmod 600 it"},
		{"what is no key is an error", "", false, nil, "hunter2", "DRYDOCK_DATA_KEY: want 32 random bytes"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := keep(dir, c.before, c.secret); err != nil {
				t.Fatal(err)
			}
			if c.edit != nil {
				c.edit(t, filepath.Join(dir, "data-key"))
			}
			value, err := keep(dir, c.after, false)
			switch {
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("got %v, want %q", err, c.want)
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "" && c.secret && value != "hunter2":
				t.Errorf("got %q", value)
			}
		})
	}
}

// keep opens a daemon's state, seals a secret there if asked to, and returns the one that is there.
func keep(dir, key string, secret bool) (value string, err error) {
	d, err := open(Config{DataDir: dir, DataKey: key, Engine: "sim", Region: "us-east-1", Account: "000000000000", Listen: "127.0.0.1:0", TimeScale: 1})
	if err != nil {
		return "", err
	}
	defer d.store.Close()
	at := vault.Place{Scope: d.scope(), Table: store.SecretVersions.Name(), Key: "db|1"}
	if secret {
		if err := d.store.Update(d.scope(), func(tx *store.Tx) error {
			store.SecretVersions.Put(tx, model.SecretVersion{Secret: "db", ID: "1", Value: d.vault.Seal(at, []byte("hunter2"))})
			return nil
		}); err != nil {
			return "", err
		}
	}
	err = d.store.View(d.scope(), func(tx *store.Tx) error {
		row, ok := store.SecretVersions.Get(tx, "db|1")
		if !ok {
			return nil
		}
		raw, err := d.vault.Open(at, row.Value)
		value = string(raw)
		return err
	})
	return value, err
}

func gone(t *testing.T, file string) {
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a file as well")
	}
}

func remove(t *testing.T, file string) {
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func write(text string) func(*testing.T, string) {
	return func(t *testing.T, file string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func open644(t *testing.T, file string) {
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
}
