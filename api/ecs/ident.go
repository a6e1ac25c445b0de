package ecs

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ident is an identifier as a client gave it: a short one, or the parts of an ECS ARN.
type ident struct {
	Kind    string // resource type of the ARN: cluster, service, task, …; the expected one for short ids
	Cluster string // from a long ARN; empty when the identifier does not say
	Name    string
}

// identify reads a short identifier or an ARN of one kind of resource and checks that it belongs
// to the scope. Names are not checked further; nothing by a strange name exists.
func identify(sc model.Scope, kind, ref string) (ident, error) {
	if !strings.HasPrefix(ref, "arn:") {
		if strings.ContainsAny(ref, "/ ") {
			return ident{}, invalid("Invalid identifier: %s", ref)
		}
		return ident{Kind: kind, Name: ref}, nil
	}
	id, err := parseARN(sc, ref)
	if err != nil {
		return ident{}, err
	}
	if id.Kind != kind {
		return ident{}, invalid("Invalid identifier: Identifier is for %s. Expected %s", id.Kind, kind)
	}
	return id, nil
}

// ownARN reads an ARN of ECS in the scope.
func ownARN(sc model.Scope, ref string) (model.ARN, error) {
	a, ok := model.ParseARN(ref)
	switch {
	case !ok || a.Service != "ecs":
		return a, invalid("Invalid identifier: %s", ref)
	case a.Partition != sc.Partition():
		return a, invalid("Invalid identifier: Identifier is for partition %s. Your partition is %s", a.Partition, sc.Partition())
	case a.Region != sc.Region:
		return a, invalid("Invalid identifier: Identifier is for region %s. Your region is %s", a.Region, sc.Region)
	case a.Account != sc.Account:
		return a, invalid("Invalid identifier: Identifier is for account %s. Your accountId is %s", a.Account, sc.Account)
	}
	return a, nil
}

// parseARN reads arn:partition:ecs:region:account:kind/[cluster/]name of the scope.
func parseARN(sc model.Scope, ref string) (ident, error) {
	a, err := ownARN(sc, ref)
	if err != nil {
		return ident{}, err
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	if kind == "task-set" {
		return taskSetParts(ref, rest)
	}
	if cluster, name, long := strings.Cut(rest, "/"); long && hasCluster(kind) {
		return ident{kind, cluster, name}, checkParts(ref, cluster, name)
	}
	return ident{Kind: kind, Name: rest}, checkParts(ref, rest)
}

func hasCluster(kind string) bool {
	return kind == "service" || kind == "task" || kind == "container-instance" || kind == "task-set"
}

// checkParts refuses ARNs with an empty part or one part too many.
func checkParts(ref string, parts ...string) error {
	for _, p := range parts {
		if p == "" || strings.Contains(p, "/") {
			return invalid("Invalid identifier: %s", ref)
		}
	}
	return nil
}

// within is identify for resources of a cluster: an ARN that names another cluster is refused.
func within(tx *store.Tx, kind, cluster, ref string) (string, error) {
	id, err := identify(tx.Scope(), kind, ref)
	if err != nil {
		return "", err
	}
	if id.Cluster != "" && id.Cluster != cluster {
		return "", invalid("Invalid identifier: Identifier is for cluster %s. Your cluster is %s", id.Cluster, cluster)
	}
	return id.Name, nil
}

// hexID reads the identifier of a task or a container instance. ECS checks the length of short
// ones before it looks anything up; what names it in that error.
func hexID(tx *store.Tx, kind, what, cluster, ref string) (string, error) {
	id, err := within(tx, kind, cluster, ref)
	if err != nil {
		return "", err
	}
	if len(id) != 32 && len(id) != 36 {
		return "", invalid("%s length should be one of [32,36]", what)
	}
	return id, nil
}

func taskID(tx *store.Tx, cluster, ref string) (string, error) {
	return hexID(tx, "task", "taskId", cluster, ref)
}

func instanceID(tx *store.Tx, cluster, ref string) (string, error) {
	return hexID(tx, "container-instance", "instanceId", cluster, ref)
}

// clusterName returns the name that a cluster parameter means; "default" when it is not given.
func clusterName(tx *store.Tx, ref *string) (string, error) {
	if aws.ToString(ref) == "" {
		return "default", nil
	}
	id, err := identify(tx.Scope(), "cluster", *ref)
	return id.Name, err
}

// activeCluster returns the cluster that a parameter means, which must be ACTIVE.
func activeCluster(tx *store.Tx, ref *string) (model.Cluster, error) {
	name, err := clusterName(tx, ref)
	if err != nil {
		return model.Cluster{}, err
	}
	c, ok := store.Clusters.Get(tx, name)
	switch {
	case !ok:
		return c, clusterNotFound()
	case c.Status != active:
		return c, clusterInactive()
	}
	return c, nil
}

// The ARNs of the resources, in the long format.
func clusterARN(tx *store.Tx, name string) string { return tx.Scope().ARN("ecs", "cluster/"+name) }

func taskDefARN(tx *store.Tx, key string) string {
	return tx.Scope().ARN("ecs", "task-definition/"+key)
}

func serviceARN(tx *store.Tx, cluster, name string) string {
	return tx.Scope().ARN("ecs", "service/"+cluster+"/"+name)
}

func taskARN(tx *store.Tx, cluster, id string) string {
	return tx.Scope().ARN("ecs", "task/"+cluster+"/"+id)
}

func instanceARN(tx *store.Tx, cluster, id string) string {
	return tx.Scope().ARN("ecs", "container-instance/"+cluster+"/"+id)
}

func containerARN(tx *store.Tx, cluster, task, id string) string {
	return tx.Scope().ARN("ecs", "container/"+cluster+"/"+task+"/"+id)
}

// name checks a name that a client gives to a new resource: up to 255 letters, digits, hyphens
// and underscores.
func validName(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if !wordByte(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
