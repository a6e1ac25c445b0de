package ids

import (
	"crypto/rand"
	"encoding/base64"
)

// Unique returns the unique id of a thing of IAM: prefix (AIDA for users, AROA for roles) and 17
// capital letters and digits.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func Unique(prefix string) string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + keyForm.EncodeToString(b[:])[:17]
}

// Secret returns the secret of an access key: 40 characters.
func Secret() string {
	var b [30]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
