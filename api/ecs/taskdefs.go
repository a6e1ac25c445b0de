package ecs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// maxRevisions is how many revisions a family can have, deregistered ones too.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
const maxRevisions = 1_000_000

// registerTaskDefinition writes a new revision of a family; every call makes one, as on ECS.
func (h handlers) registerTaskDefinition(tx *store.Tx, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if err := checkTaskDef(in, h.arch); err != nil {
		return nil, err
	}
	if in.Tags != nil && len(in.Tags) == 0 {
		return nil, refused("Tags can not be empty.")
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	doc := newDoc(in)
	doc.TaskRoleArn = roleARN(tx, doc.TaskRoleArn)
	f, _ := store.Families.Get(tx, *in.Family)
	if f.Last >= maxRevisions {
		return nil, limitExceeded("The task definition family %s has no revision left: a family can have at most %d.", *in.Family, maxRevisions)
	}
	f.Name, f.Last = *in.Family, f.Last+1
	d := model.TaskDef{Family: f.Name, Revision: f.Last, Status: active, Registered: tx.Now(),
		RegisteredBy: tx.Caller().ARN, Doc: doc, Tags: tags}
	store.Families.Put(tx, f)
	store.TaskDefs.Put(tx, d)
	out := &ecs.RegisterTaskDefinitionOutput{TaskDefinition: showTaskDef(tx, d)}
	if len(tags) > 0 {
		out.Tags = showTags(tags)
	}
	return out, nil
}

// taskDef finds what a taskDefinition parameter means: a family (its latest ACTIVE revision),
// family:revision or an ARN.
func taskDef(tx *store.Tx, ref *string) (d model.TaskDef, ok bool, err error) {
	if aws.ToString(ref) == "" {
		return d, false, refused("TaskDefinition can not be blank.")
	}
	id, err := taskDefIdent(tx.Scope(), *ref)
	if err != nil {
		return d, false, err
	}
	family, revision, pinned := strings.Cut(id, ":")
	if !pinned {
		d, ok = latest(tx, family)
		return d, ok, nil
	}
	n, err := strconv.Atoi(revision)
	if err != nil || n < 1 || strconv.Itoa(n) != revision {
		return d, false, refused("Invalid revision number. Number: %s", revision)
	}
	d, ok = store.TaskDefs.Get(tx, id)
	return d, ok, nil
}

// taskDefIdent returns the family or family:revision of an identifier.
func taskDefIdent(sc model.Scope, ref string) (string, error) {
	if !strings.HasPrefix(ref, "arn:") {
		return ref, nil
	}
	id, err := identify(sc, "task-definition", ref)
	return id.Name, err
}

// latest returns the highest ACTIVE revision of a family.
func latest(tx *store.Tx, family string) (model.TaskDef, bool) {
	f, _ := store.Families.Get(tx, family)
	for n := f.Last; n > 0; n-- {
		if d, ok := store.TaskDefs.Get(tx, family+":"+strconv.Itoa(n)); ok && d.Status == active {
			return d, true
		}
	}
	return model.TaskDef{}, false
}

func describeTaskDefinition(tx *store.Tx, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	d, ok, err := taskDef(tx, in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refused("Unable to describe task definition.")
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: showTaskDef(tx, d), Tags: []types.Tag{}}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = showTags(d.Tags)
	}
	return out, nil
}

// deregisterTaskDefinition makes a revision INACTIVE. Tasks and services that use it go on.
func deregisterTaskDefinition(tx *store.Tx, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	if ref := aws.ToString(in.TaskDefinition); ref != "" {
		if id, err := taskDefIdent(tx.Scope(), ref); err == nil && !strings.Contains(id, ":") {
			return nil, invalid("Missing revision. TaskDefinition must be family:revision or an ARN with a revision.")
		}
	}
	d, ok, err := taskDef(tx, in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refused("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
	}
	if d.Status == active {
		d.Status, d.Deregistered = inactive, tx.Now()
		store.TaskDefs.Put(tx, d)
	}
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: showTaskDef(tx, d)}, nil
}

// listTaskDefinitions lists by family, then by revision as a number; descending turns both.
func listTaskDefinitions(tx *store.Tx, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	status := in.Status
	switch status {
	case "":
		status = types.TaskDefinitionStatusActive
	case types.TaskDefinitionStatusActive, types.TaskDefinitionStatusInactive, types.TaskDefinitionStatusDeleteInProgress:
	default:
		return nil, invalid("Invalid status: %s", status)
	}
	all, err := sortedTaskDefs(tx, aws.ToString(in.FamilyPrefix), in.Sort)
	if err != nil {
		return nil, err
	}
	if p.after != "" {
		i := slices.IndexFunc(all, func(d model.TaskDef) bool { return d.Key() == p.after })
		if i < 0 {
			return nil, invalid("Invalid nextToken.")
		}
		all = all[i+1:]
	}
	arns, next := take(p, slices.Values(all),
		func(d model.TaskDef) bool { return d.Status == string(status) },
		func(d model.TaskDef) string { return taskDefARN(tx, d.Key()) })
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: arns, NextToken: next}, nil
}

// sortedTaskDefs returns every revision of one family, or of all when none is named.
func sortedTaskDefs(tx *store.Tx, family string, order types.SortOrder) ([]model.TaskDef, error) {
	prefix := ""
	if family != "" {
		prefix = family + ":"
	}
	all := slices.Collect(store.TaskDefs.From(tx, prefix, ""))
	slices.SortFunc(all, func(a, b model.TaskDef) int {
		if c := strings.Compare(a.Family, b.Family); c != 0 {
			return c
		}
		return a.Revision - b.Revision
	})
	switch order {
	case "", types.SortOrderAsc:
	case types.SortOrderDesc:
		slices.Reverse(all)
	default:
		return nil, invalid("Invalid sort order: %s", order)
	}
	return all, nil
}

// listTaskDefinitionFamilies lists families by prefix. A family is ACTIVE as long as a revision of
// it is; without a status both kinds are listed.
func listTaskDefinitionFamilies(tx *store.Tx, in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	var keep func(model.Family) bool
	switch in.Status {
	case "", types.TaskDefinitionFamilyStatusAll:
		keep = all[model.Family]
	case types.TaskDefinitionFamilyStatusActive, types.TaskDefinitionFamilyStatusInactive:
		want := in.Status == types.TaskDefinitionFamilyStatusActive
		keep = func(f model.Family) bool { _, ok := latest(tx, f.Name); return ok == want }
	default:
		return nil, invalid("Invalid status: %s", in.Status)
	}
	families, next := take(p, store.Families.From(tx, aws.ToString(in.FamilyPrefix), p.after), keep,
		func(f model.Family) string { return f.Name })
	return &ecs.ListTaskDefinitionFamiliesOutput{Families: families, NextToken: next}, nil
}

// showTaskDef is the only way from a task definition's row to the wire.
func showTaskDef(tx *store.Tx, d model.TaskDef) *types.TaskDefinition {
	out := d.Doc
	out.TaskDefinitionArn = aws.String(taskDefARN(tx, d.Key()))
	out.Family, out.Revision = aws.String(d.Family), int32(d.Revision)
	out.Status = types.TaskDefinitionStatus(d.Status)
	out.RegisteredAt, out.RegisteredBy = aws.Time(d.Registered), aws.String(d.RegisteredBy)
	if !d.Deregistered.IsZero() {
		out.DeregisteredAt = aws.Time(d.Deregistered)
	}
	if !d.Deleting.IsZero() {
		out.DeleteRequestedAt = aws.Time(d.Deleting)
	}
	return &out
}
