package ecs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

// manyTags returns n tags of different keys.
func manyTags(n int) (tags []types.Tag) {
	for i := range n {
		tags = append(tags, tag(fmt.Sprint("key", i), ""))
	}
	return tags
}

func TestTagsAreWhatAWSTakes(t *testing.T) {
	const characters = "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @."
	for _, c := range []struct {
		rule    string
		tags    []types.Tag
		refusal string
	}{
		{"all characters that are allowed", []types.Tag{tag("Äb 1+-=._:/@", "çа 2+-=._:/@")}, ""},
		{"an empty value", []types.Tag{tag("a", ""), {Key: new("b")}}, ""},
		{"keys that differ in case", []types.Tag{tag("a", "1"), tag("A", "2")}, ""},
		{"the longest, in characters", []types.Tag{tag(strings.Repeat("ä", 128), strings.Repeat("ä", 256))}, ""},
		{"as many as there may be", manyTags(50), ""},
		{"too many", manyTags(51), "Tags can have at most 50 items."},
		{"no key", []types.Tag{tag("", "v")}, "Tag key cannot be empty."},
		{"a key too long", []types.Tag{tag(strings.Repeat("a", 129), "")}, "Tag key can have at most 128 characters."},
		{"a value too long", []types.Tag{tag("a", strings.Repeat("a", 257))}, "Tag value can have at most 256 characters."},
		{"a key with another character", []types.Tag{tag("a*", "")}, characters},
		{"a value with another character", []types.Tag{tag("a", "bot[1]")}, characters},
		{"a line break", []types.Tag{tag("a", "b\n")}, characters},
		{"a key of AWS", []types.Tag{tag("AWS:a", "")}, "Tag keys that begin with aws: are reserved."},
		{"a value of AWS", []types.Tag{tag("a", "aws:b")}, "Tag values that begin with aws: are reserved."},
		{"a key twice", []types.Tag{tag("a", "1"), tag("a", "2")}, "Duplicate tag key a."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: new("demo"), Tags: c.tags})
			if c.refusal != "" {
				w.fails(err, "InvalidParameterException", c.refusal)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestEveryTaggableResourceKeepsTheTagRules goes through all kinds of resources.
func TestEveryTaggableResourceKeepsTheTagRules(t *testing.T) {
	w := seedExternal(t)
	set := w.createSet(0, func(*newSet) {})
	task := w.run(&ecs.RunTaskInput{}).Tasks[0]
	w.lend(nil, "one")
	for kind, arn := range map[string]string{
		"cluster": arnPrefix + "cluster/demo", "service": *set.ServiceArn, "task set": *set.TaskSetArn, "task": *task.TaskArn,
		"container instance": *task.ContainerInstanceArn, "task definition": *task.TaskDefinitionArn, "capacity provider": arnPrefix + "capacity-provider/one",
	} {
		t.Run(kind, func(t *testing.T) {
			put := func(tags ...types.Tag) error {
				_, err := w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: tags})
				return err
			}
			w.fails(put(tag("a*", "")), "InvalidParameterException", "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @.")
			if err := put(manyTags(50)...); err != nil {
				t.Fatal(err)
			}
			if err := put(tag("key0", "again")); err != nil {
				t.Errorf("a tag that is there has a new value: %v", err)
			}
			w.fails(put(tag("one-more", "")), "LimitExceededException", "A resource can have at most 50 tags.")
			must(w.client.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"key1", "key2"}}))(t)
			tags := must(w.client.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: &arn}))(t).Tags
			if len(tags) != 48 || *tags[0].Value != "again" {
				t.Errorf("got %d tags, %v", len(tags), *tags[0].Value)
			}
		})
	}
}

// TestECSsOwnTagsCountTowardsNoLimit: a task has them beside fifty others.
func TestECSsOwnTagsCountTowardsNoLimit(t *testing.T) {
	w := seed(t)
	task := w.run(&ecs.RunTaskInput{Tags: manyTags(50), EnableECSManagedTags: true}).Tasks[0]
	w.equal(len(task.Tags), 51)
	_, err := w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: task.TaskArn, Tags: []types.Tag{tag("one-more", "")}})
	w.fails(err, "LimitExceededException", "A resource can have at most 50 tags.")
	must(w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: task.TaskArn, Tags: []types.Tag{tag("key1", "new")}}))(t)
}

// TestStandaloneTasksAreTaggedAsAsked: RunTask and StartTask, with what they may propagate.
func TestStandaloneTasksAreTaggedAsAsked(t *testing.T) {
	for _, c := range []struct {
		rule      string
		propagate types.PropagateTags
		managed   bool
		tags      []types.Tag
		want      string
	}{
		{"none of its own", "", false, nil, "[]"},
		{"NONE leaves those of the definition", types.PropagateTagsNone, false, []types.Tag{tag("a", "call")}, "[a=call]"},
		{"those of the definition", types.PropagateTagsTaskDefinition, false, nil, "[a=definition b=definition]"},
		{"those of the call before those of the definition", types.PropagateTagsTaskDefinition, false, []types.Tag{tag("a", "call")}, "[a=call b=definition]"},
		{"ECS's own", "", true, []types.Tag{tag("a", "call")}, "[a=call aws:ecs:clusterName=demo]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := seed(t)
			w.update(func(tx *store.Tx) {
				d, _ := store.TaskDefs.Get(tx, "web:1")
				d.Tags = model.Tags{{Key: "a", Value: "definition"}, {Key: "b", Value: "definition"}}
				store.TaskDefs.Put(tx, d)
			})
			show := func(task types.Task) string {
				var all []string
				for _, t := range task.Tags {
					all = append(all, *t.Key+"="+*t.Value)
				}
				slices.Sort(all)
				return fmt.Sprint(all)
			}
			ran := w.run(&ecs.RunTaskInput{PropagateTags: c.propagate, EnableECSManagedTags: c.managed, Tags: c.tags})
			w.equal(show(ran.Tasks[0]), c.want)
			started := must(w.client.StartTask(t.Context(), &ecs.StartTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ContainerInstances: []string{instanceOf(1)},
				PropagateTags: c.propagate, EnableECSManagedTags: c.managed, Tags: c.tags}))(t)
			w.equal(show(started.Tasks[0]), c.want)
		})
	}
}
