package model

// DataKey tells whether a data key is the one with which the sealed values of the store were made.
//
// Writers: the daemon, at its start.
type DataKey struct{ Proof []byte }

// Key is the same for the one row, which stands in no account.
func (DataKey) Key() string { return "datakey" }
