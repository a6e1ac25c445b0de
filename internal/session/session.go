// Package session gives out temporary credentials and finds them again. A session is a row: it outlives
// the daemon and ends at its time. What is on disk is the sealed secret and a hash of the token, so
// the file alone is good for no call.
package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// remembered is how long the row of an ended session stays, so that its holder is told that it ended.
const remembered = time.Hour

// Credentials are what the holder of a session signs calls with.
type Credentials struct {
	ID, Secret, Token string
	Expires           time.Time
}

// Issue makes credentials for s, which says who holds them, what limits them and when they end, in the
// caller's account. Sessions that ended long enough ago are deleted.
func Issue(tx *store.Tx, v *vault.Vault, s model.Session) Credentials {
	tx = tx.In(tx.Scope().Global())
	for old := range store.Sessions.All(tx) {
		if tx.Now().After(old.Expires.Add(remembered)) {
			store.Sessions.Delete(tx, old.ID)
		}
	}
	c := Credentials{ID: freeID(tx), Secret: random(30), Token: random(96), Expires: s.Expires}
	s.ID, s.Issued, s.Token = c.ID, tx.Now(), digest(c.Token)
	s.Secret = v.Seal(place(tx.Scope(), c.ID), []byte(c.Secret))
	store.Sessions.Put(tx, s)
	return c
}

// freeID returns the id of an access key that is nobody's.
func freeID(tx *store.Tx) string {
	for {
		id := ids.AccessKey("ASIA", tx.Scope().Account)
		if _, taken := store.Sessions.Get(tx, id); !taken {
			return id
		}
	}
}

// Secret opens the secret of a session of tx's account.
func Secret(tx *store.Tx, v *vault.Vault, s model.Session) (string, error) {
	secret, err := v.Open(place(tx.Scope().Global(), s.ID), s.Secret)
	return string(secret), err
}

// Holds reports whether token is that of s.
func Holds(s model.Session, token string) bool {
	return subtle.ConstantTimeCompare(digest(token), s.Token) == 1
}

func place(sc model.Scope, id string) vault.Place {
	return vault.Place{Scope: sc, Table: store.Sessions.Name(), Key: id}
}

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// random returns n random bytes in base64, without padding where n is a multiple of three.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
