// Package vault keeps values from standing in the clear where rows are kept. A value is sealed with
// the one data key of a data directory (AES-256-GCM, a random nonce each time) for one place: what
// was sealed for a row opens nowhere else. It knows no rows and keeps no values: who seals says
// where the value will stand, and puts there only what Seal returned.
//
// Neither the key nor a value is ever part of an error, a log line or what fmt prints of a [Vault].
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"github.com/drydock-ecs/drydock/internal/model"
)

// ErrSealed is returned for what does not open: it was sealed with another key or for another
// place, or was changed since.
var ErrSealed = errors.New("the value does not open with the data key")

// Place is where a sealed value stands: the row of a table, and what of it if there are several.
type Place struct {
	Scope      model.Scope
	Table, Key string
	Member     string // empty when the row has one sealed value
}

// bytes are the additional data that bind a value to p. Quoting keeps the parts apart.
func (p Place) bytes() []byte {
	return fmt.Appendf(nil, "%q %q %q %q %q", p.Scope.Account, p.Scope.Region, p.Table, p.Key, p.Member)
}

// Vault seals and opens with one data key. It is safe for use by several goroutines.
type Vault struct {
	aead  cipher.AEAD
	names [32]byte // key of Name
}

// New returns a vault of the key.
func New(k Key) *Vault {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // 32 bytes are a key of AES-256
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	names, err := hkdf.Key(sha256.New, k[:], nil, "names", 32)
	if err != nil {
		panic(err) // 32 bytes are not too many
	}
	return &Vault{aead, [32]byte(names)}
}

// Name returns 16 bytes that are p's alone: always the same, and nobody guesses them without the key.
func (v *Vault) Name(p Place) [16]byte {
	h := hmac.New(sha256.New, v.names[:])
	h.Write(p.bytes())
	return [16]byte(h.Sum(nil))
}

// Seal returns value encrypted for p. Two calls never return the same.
func (v *Vault) Seal(p Place, value []byte) []byte { return v.aead.Seal(nil, nil, value, p.bytes()) }

// Open returns what was sealed for p.
func (v *Vault) Open(p Place, sealed []byte) ([]byte, error) {
	value, err := v.aead.Open(nil, nil, sealed, p.bytes())
	if err != nil {
		return nil, fmt.Errorf("%s %s of %v: %w", p.Table, p.Key, p.Scope, ErrSealed)
	}
	return value, nil
}

// proof is where the value stands that tells whether a key is that of a data directory.
var proof = Place{Table: "vault", Key: "proof"}

// Proof returns a value that Proves takes from this key and from no other.
func (v *Vault) Proof() []byte { return v.Seal(proof, nil) }

// Proves reports whether sealed is a proof of v's key.
func (v *Vault) Proves(sealed []byte) bool {
	_, err := v.Open(proof, sealed)
	return err == nil
}

// Format prints nothing of v: the key schedule is in it.
func (v *Vault) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("vault")) }

// LogValue is for slog what Format is for fmt.
func (v *Vault) LogValue() slog.Value { return slog.StringValue("vault") }
