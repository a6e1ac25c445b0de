package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/vault"
)

var (
	key   = vault.Key(bytes.Repeat([]byte("k"), 32))
	place = vault.Place{Scope: model.Scope{Account: "000000000000", Region: "us-east-1"}, Table: "secretversions", Key: "db-AbCdEf/1"}
)

func TestWhatWasSealedOpensInItsPlaceOnly(t *testing.T) {
	v := vault.New(key)
	sealed := v.Seal(place, []byte("hunter2"))
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatal("the value stands in what was sealed")
	}
	if bytes.Equal(sealed, v.Seal(place, []byte("hunter2"))) {
		t.Error("the same value is sealed to the same bytes twice")
	}
	if got, err := v.Open(place, sealed); err != nil || string(got) != "hunter2" {
		t.Fatalf("got %q, %v", got, err)
	}
	for rule, edit := range map[string]func(p *vault.Place){
		"another account": func(p *vault.Place) { p.Scope.Account = "111111111111" },
		"another region":  func(p *vault.Place) { p.Scope.Region = "us-east-2" },
		"another table":   func(p *vault.Place) { p.Table = "parameters" },
		"another row":     func(p *vault.Place) { p.Key = "db-AbCdEf/2" },
		"another member":  func(p *vault.Place) { p.Member = "x" },
		"parts that join to the same": func(p *vault.Place) {
			p.Table, p.Key = "secretversions db-AbCdEf/1", ""
		},
	} {
		elsewhere := place
		edit(&elsewhere)
		if _, err := v.Open(elsewhere, sealed); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestWhatWasChangedDoesNotOpen(t *testing.T) {
	v := vault.New(key)
	sealed := v.Seal(place, []byte("hunter2"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := v.Open(place, changed); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := v.Open(place, sealed[:n]); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	if _, err := vault.New(vault.NewKey()).Open(place, sealed); !errors.Is(err, vault.ErrSealed) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("another key: %v", err)
	}
}

func TestAProofIsOfOneKey(t *testing.T) {
	v := vault.New(key)
	if p := v.Proof(); !v.Proves(p) || vault.New(vault.NewKey()).Proves(p) || v.Proves(nil) {
		t.Error("a proof does not tell keys apart")
	}
}

func TestANameIsOfOnePlaceAndKey(t *testing.T) {
	v, elsewhere := vault.New(key), place
	elsewhere.Key += "x"
	if v.Name(place) != vault.New(key).Name(place) {
		t.Error("the name of a place changes")
	}
	if v.Name(place) == v.Name(elsewhere) || v.Name(place) == vault.New(vault.NewKey()).Name(place) {
		t.Error("another place or key has the same name")
	}
}

func TestNeitherKeyNorVaultPrint(t *testing.T) {
	var b bytes.Buffer
	v := vault.New(key)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "vault", v, "key", key)
	fmt.Fprintf(&b, "%v %+v %#v %s %x %d", v, v, v, v, v, v)
	fmt.Fprintf(&b, "%v %+v %#v %s %x %d", key, key, key, key, key, key)
	for _, form := range []string{string(key[:4]), hex.EncodeToString(key[:4]), "107", "0x6b", base64.StdEncoding.EncodeToString(key[:3])} {
		if strings.Contains(b.String(), form) {
			t.Errorf("%q is in %s", form, b.String())
		}
	}
}

func TestKeysAreReadAsPeopleWriteThem(t *testing.T) {
	for _, text := range []string{hex.EncodeToString(key[:]), base64.StdEncoding.EncodeToString(key[:]) + "\n", base64.RawURLEncoding.EncodeToString(key[:])} {
		if k, err := vault.ParseKey(text); err != nil || k != key {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "!", "hunter2hunter2hunter2hunter2hun", hex.EncodeToString(key[:31])} {
		if _, err := vault.ParseKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAKeyIsInAFileOfItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data-key")
	if _, err := vault.ReadKey(path); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("no file: %v", err)
	}
	if err := vault.WriteKey(path, key); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if k, err := vault.ReadKey(path); err != nil || k != key {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.ReadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("open to others: %v", err)
	}
}
