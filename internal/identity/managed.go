package identity

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// managedJSON are the policies of AWS that are known here, as AWS publishes them: those that ECS,
// Secrets Manager, Systems Manager parameters, CloudWatch Logs and IAM use. ReadOnlyAccess and the
// like are not, since they change weekly and a stale copy would not be true.
//
// Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
//
//go:embed managed.json
var managedJSON []byte

// awsManaged are those policies in the order of their names; there is one version of each, its
// default.
var awsManaged = sync.OnceValue(func() []model.ManagedPolicy {
	var all map[string]struct {
		Path, Version, Description string
		Created                    time.Time
		Document                   json.RawMessage
	}
	if err := json.Unmarshal(managedJSON, &all); err != nil {
		panic(err) // the file is part of the program
	}
	var out []model.ManagedPolicy
	for name, p := range all {
		var doc bytes.Buffer
		if err := json.Indent(&doc, p.Document, "", "    "); err != nil {
			panic(err)
		}
		sum := sha256.Sum256([]byte(name))
		out = append(out, model.ManagedPolicy{Name: name, Path: p.Path, ID: "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17],
			Description: p.Description, Created: p.Created, Updated: p.Created, Default: p.Version,
			Versions: []model.PolicyVersion{{ID: p.Version, Document: doc.String(), Created: p.Created}}})
	}
	slices.SortFunc(out, func(a, b model.ManagedPolicy) int { return strings.Compare(a.Name, b.Name) })
	return out
})

// AWSManaged returns the policies of AWS for a partition, in the order of their names.
func AWSManaged(partition string) []model.ManagedPolicy {
	out := slices.Clone(awsManaged())
	for i := range out {
		out[i] = inPartition(out[i], partition)
	}
	return out
}

// inPartition is p as it stands in another partition: its ARNs are the partition's.
func inPartition(p model.ManagedPolicy, partition string) model.ManagedPolicy {
	if partition == "aws" {
		return p
	}
	v := p.Versions[0]
	v.Document = strings.ReplaceAll(v.Document, "arn:aws:", "arn:"+partition+":")
	p.Versions = []model.PolicyVersion{v}
	return p
}

// AWSManagedARN is the ARN of a policy of AWS.
func AWSManagedARN(partition string, p model.ManagedPolicy) string {
	return "arn:" + partition + ":iam::aws:policy" + p.Path + p.Name
}

// awsPolicy returns the policy of AWS that arn names.
func awsPolicy(arn model.ARN) (model.ManagedPolicy, bool) {
	for _, p := range awsManaged() {
		if arn.Resource == "policy"+p.Path+p.Name {
			return inPartition(p, arn.Partition), true
		}
	}
	return model.ManagedPolicy{}, false
}
