package taskmeta

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// TestTagsAreAskedForInTheRoleOfTheInstance: what it may not ask for stands in Errors, in version 4.
func TestTagsAreAskedForInTheRoleOfTheInstance(t *testing.T) {
	const task, instance = "arn:aws:ecs:us-east-1:000000000000:task/default/t2", "arn:aws:ecs:us-east-1:000000000000:container-instance/default/ci-1"
	const both = `map[rack:b] map[team:a]`
	denied := func(field, arn string) string {
		return fmt.Sprintf(" %s AccessDeniedException 400 true %s: User: arn:aws:sts::000000000000:assumed-role/m/i-1 is not authorized to perform: ecs:ListTagsForResource on resource: %[2]s "+
			"because no identity-based policy allows the ecs:ListTagsForResource action", field, arn)
	}
	lacks := func(field, arn string) string {
		return fmt.Sprintf(" %s  0 false %s: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed", field, arn)
	}
	for _, c := range []struct {
		rule, version, profile, policy string
		strict                         bool
		want                           string
	}{
		{"no profile is the root", "v4", "", "", false, both},
		{"which strict has not", "v4", "", "", true, "map[] map[]" + lacks("ContainerInstanceTags", instance) + lacks("TaskTags", task)},
		{"a role that may", "v4", "m", `"Effect":"Allow","Action":"ecs:ListTagsForResource","Resource":"*"`, true, both},
		{"a role that may not", "v4", "m", `"Effect":"Allow","Action":"ecs:List*Instances","Resource":"*"`, false, "map[] map[]" + denied("ContainerInstanceTags", instance) + denied("TaskTags", task)},
		{"of tasks alone", "v4", "m", `"Effect":"Allow","Action":"ecs:ListTagsForResource","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`, false,
			"map[] map[team:a]" + denied("ContainerInstanceTags", instance)},
		{"version 3 says nothing of it", "v3", "m", `"Effect":"Allow","Action":"ecs:List*Instances","Resource":"*"`, false, "map[] map[]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			w.h.Strict = c.strict
			w.do(here.Global(), func(tx *store.Tx) {
				r := model.Role{Name: "m", Path: "/", ID: "AROAM", Trust: strange}
				r.Inline = []model.Inline{{Name: "own", Document: `{"Version":"2012-10-17","Statement":[{` + c.policy + `}]}`}}
				store.Roles.Put(tx, r)
				store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "m", Role: "m"})
			})
			w.do(here, func(tx *store.Tx) {
				i, _ := store.Instances.Get(tx, "i-1")
				i.Launch.Profile = c.profile
				store.Instances.Put(tx, i)
			})
			_, body := w.get(engine.Place{Scope: here, Task: "t2"}, w.metadata(c.version, "t2", "web")+"/taskWithTags")
			var got taskDocument
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(got.ContainerInstanceTags, " ", got.TaskTags)
			for _, e := range got.Errors {
				text += fmt.Sprintf(" %s %s %d %v %s: %s", e.ErrorField, e.ErrorCode, e.StatusCode, e.RequestId != "", e.ResourceARN, e.ErrorMessage)
			}
			if text != c.want || strings.Contains(body, `"Errors":`) != (len(got.Errors) > 0) {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}
