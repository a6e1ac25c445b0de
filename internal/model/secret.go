package model

import (
	"slices"
	"time"
)

// The staging labels that Secrets Manager itself moves.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
const (
	StageCurrent  = "AWSCURRENT"
	StagePrevious = "AWSPREVIOUS"
	StagePending  = "AWSPENDING"
)

// Secret is a secret of Secrets Manager without its values, which are versions of it.
//
// Writers: the API; the reap stage deletes the row.
type Secret struct {
	Name        string // the key
	Suffix      string // the six random characters at the end of the ARN
	Description string
	KMSKey      string            // alias/aws/secretsmanager, if a client named it
	Stages      map[string]string // staging label to version id
	Tags        Tags
	Policy      string // who may what with it, besides the policies of IAM; empty for none
	Created     time.Time
	Changed     time.Time
	Accessed    time.Time // the day of the last reading of any version
	Deleted     time.Time // when DeleteSecret was called; zero for a secret in use
	Ends        time.Time // when a deleted one is gone
}

// Key is the name, which no two secrets of a scope share, deleted or not.
func (s Secret) Key() string { return s.Name }

// ARN returns the ARN of s.
func (s Secret) ARN(sc Scope) string {
	return sc.ARN("secretsmanager", "secret:"+s.Name+"-"+s.Suffix)
}

// StagesOf returns the staging labels of a version, sorted.
func (s Secret) StagesOf(version string) (labels []string) {
	for label, id := range s.Stages {
		if id == version {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// SecretVersion is one value of a secret.
//
// Writers: the API; the reap stage deletes the row.
type SecretVersion struct {
	Secret   string // name
	ID       string
	Value    []byte // sealed; empty for a version without a value
	Binary   bool   // the value is SecretBinary, not SecretString
	Created  time.Time
	Accessed time.Time // the day of the last reading
}

// SecretVersionPrefix is the key prefix of the versions of a secret.
func SecretVersionPrefix(name string) string { return name + "|" }

// Key is the secret's name and the version's id.
func (v SecretVersion) Key() string { return SecretVersionPrefix(v.Secret) + v.ID }

// Sealed reports whether there is a value.
func (v SecretVersion) Sealed() bool { return len(v.Value) > 0 }
