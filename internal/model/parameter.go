package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Parameter is a parameter of the Systems Manager Parameter Store. What can differ between its
// versions is in these.
//
// Writers: the API.
type Parameter struct {
	Name    string           // the key
	Version int64            // the newest
	Tier    string           // of the newest version
	Labels  map[string]int64 // label to version
	Tags    Tags
}

// Key is the name.
func (p Parameter) Key() string { return p.Name }

// ParameterARN is the ARN of the parameter with the name: a name that is a path has its slash already.
func (s Scope) ParameterARN(name string) string {
	return s.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// LabelsOf returns the labels of a version, sorted.
func (p Parameter) LabelsOf(version int64) (labels []string) {
	for label, v := range p.Labels {
		if v == version {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// ParameterVersion is one value of a parameter, as it was put.
//
// Writers: the API.
type ParameterVersion struct {
	Parameter      string // name
	Version        int64
	Type           string // String, StringList or SecureString
	Tier           string // Standard or Advanced
	Value          []byte // sealed, whatever the type
	Description    string
	AllowedPattern string
	KMSKey         string // of a SecureString
	Modified       time.Time
	User           string // ARN of who put it
}

// ParameterVersionPrefix is the key prefix of the versions of a parameter.
func ParameterVersionPrefix(name string) string { return name + "|" }

// ParameterVersionKey sorts the versions of a parameter by number.
func ParameterVersionKey(name string, version int64) string {
	return fmt.Sprintf("%s%012d", ParameterVersionPrefix(name), version)
}

// Key is the parameter's name and the version's number.
func (v ParameterVersion) Key() string { return ParameterVersionKey(v.Parameter, v.Version) }

// Sealed reports whether there is a value.
func (v ParameterVersion) Sealed() bool { return len(v.Value) > 0 }

// PublicImage is the id of the machine image that a public parameter names. It follows from the name.
func PublicImage(parameter string) string {
	sum := sha256.Sum256([]byte(parameter))
	return "ami-" + hex.EncodeToString(sum[:])[:17]
}
