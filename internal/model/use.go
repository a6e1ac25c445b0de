package model

import "time"

// Use is when, where and for what a credential was used last: a long-term access key, or a role, by its
// sessions. It is in the global scope of the account.
//
// Writers: internal/lastuse.
type Use struct {
	ID      string    // AKIA… of a key, AROA… of a role
	Role    string    // name of the role
	At      time.Time // whole minutes
	Service string    // signing name, such as ecs
	Region  string    // that the request was signed for
}

// Key is the id.
func (u Use) Key() string { return u.ID }
