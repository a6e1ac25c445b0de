package model

import "time"

// AccessKey is a long-term access key of an IAM user. The secret is sealed by the vault for its row:
// it must be known to check signatures, and is shown only when the key is made.
type AccessKey struct {
	ID      string // AKIA…
	User    string // name
	Secret  []byte // secret access key, sealed
	Active  bool
	Created time.Time
}

// Key is the id.
func (k AccessKey) Key() string { return k.ID }

// Sealed reports that there is a sealed value.
func (k AccessKey) Sealed() bool { return len(k.Secret) > 0 }
