package model

import "time"

// Session is temporary credentials that STS gave out: for a role that was assumed, or for a user who
// asked for a session token. It is in the global scope of its account.
type Session struct {
	ID      string // ASIA...
	Secret  []byte // access key, sealed
	Token   []byte // SHA-256 of the session token
	Caller  Caller // who the holder is
	Policy  string // session policy that was passed; empty for none
	Managed []string
	Tags    Tags     // session tags
	Lasting []string // keys of those that chained sessions keep
	Source  string   // source identity
	Issued  time.Time
	Expires time.Time
}

// Key is the id of the access key.
func (s Session) Key() string { return s.ID }

// Sealed reports that there is a sealed value.
func (s Session) Sealed() bool { return len(s.Secret) > 0 }
