package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
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

// ParameterARN is the ARN of the parameter with the name: a name that is a path has its slash already. The public
// ones are of no account.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
func (s Scope) ParameterARN(name string) string {
	if strings.HasPrefix(name, "/aws/service/") {
		s.Account = ""
	}
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
	DataType       string // aws:ec2:image; empty for text
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

// DataTypeImage is the data type of parameters whose value is the id of a machine image.
const DataTypeImage = "aws:ec2:image"

// Data is the data type.
func (v ParameterVersion) Data() string { return cmp.Or(v.DataType, "text") }

var imageForm = regexp.MustCompile(`^ami-[0-9a-zA-Z-]{1,60}$`)

// IsImage reports whether id may be that of a machine image.
func IsImage(id string) bool { return imageForm.MatchString(id) }
