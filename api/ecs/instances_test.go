package ecs

import (
	"fmt"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestContainerInstanceShowsWhatIsLeft(t *testing.T) {
	w := seed(t)
	arn := *w.run(&ecs.RunTaskInput{}).Tasks[0].TaskArn
	w.update(func(tx *store.Tx) {
		task, _ := store.Tasks.Get(tx, arn[len(arn)-32:])
		_ = task.Advance(model.Running, tx.Now())
		task.Containers = []model.Container{{Name: "app", Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"}, {ContainerPort: 53, HostPort: 53, Protocol: "udp"}}}}
		store.Tasks.Put(tx, task)
	})
	out := must(w.client.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String("demo"),
		ContainerInstances: []string{instanceOf(1), arnPrefix + "container-instance/demo/" + instanceOf(8)}}))(t)
	w.equal(failures(out.Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(8) + " MISSING"})
	i := out.ContainerInstances[0]
	w.equal(line(*i.Ec2InstanceId, *i.Status, i.AgentConnected, i.RunningTasksCount, i.PendingTasksCount, *i.VersionInfo.AgentVersion, *i.VersionInfo.DockerVersion),
		"i-1 ACTIVE true 1 0 1.2.3 DockerVersion: 20.10.24")
	show := func(rs []types.Resource) (s string) {
		for _, r := range rs {
			s += fmt.Sprint(*r.Name, r.IntegerValue, r.StringSetValue, " ")
		}
		return s
	}
	w.equal(show(i.RegisteredResources), "CPU2048 [] MEMORY4096 [] PORTS0 [22 51678] PORTS_UDP0 [] ")
	w.equal(show(i.RemainingResources), "CPU1792 [] MEMORY3584 [] PORTS0 [22 51678 32768] PORTS_UDP0 [53] ")
	for ref, message := range map[string]string{"": "instanceId length should be one of [32,36]", arnPrefix + "task/demo/" + instanceOf(1): "Invalid identifier: Identifier is for task. Expected container-instance"} {
		_, err := w.client.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String("demo"), ContainerInstances: []string{ref}})
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestInstancesDrainAndAreListedByStatus(t *testing.T) {
	w := seed(t)
	w.addInstance(2)
	w.addInstance(3)
	set := func(status types.ContainerInstanceStatus, refs ...string) (*ecs.UpdateContainerInstancesStateOutput, error) {
		return w.client.UpdateContainerInstancesState(t.Context(), &ecs.UpdateContainerInstancesStateInput{Cluster: aws.String("demo"), Status: status, ContainerInstances: refs})
	}
	out := must(set(types.ContainerInstanceStatusDraining, instanceOf(1), instanceOf(9)))(t)
	w.equal(line(*out.ContainerInstances[0].Status, *out.Failures[0].Reason), "DRAINING MISSING")
	must(w.client.DeregisterContainerInstance(t.Context(), &ecs.DeregisterContainerInstanceInput{Cluster: aws.String("demo"), ContainerInstance: aws.String(instanceOf(3))}))(t)
	w.equal(*must(set(types.ContainerInstanceStatusActive, instanceOf(3)))(t).Failures[0].Reason, "INACTIVE")
	list := func(status types.ContainerInstanceStatus) (s string) {
		p := ecs.NewListContainerInstancesPaginator(w.client, &ecs.ListContainerInstancesInput{Cluster: aws.String("demo"), Status: status, MaxResults: aws.Int32(1)})
		for p.HasMorePages() {
			for _, arn := range must(p.NextPage(t.Context()))(t).ContainerInstanceArns {
				s += arn[len(arn)-1:]
			}
		}
		return s
	}
	w.equal(line(list(""), list(types.ContainerInstanceStatusActive), list(types.ContainerInstanceStatusDraining)), "12 2 1")
	_, err := set("STOPPED", instanceOf(1))
	w.fails(err, "InvalidParameterException", "Container instances status should be one of [ACTIVE,DRAINING]")
	_, err = w.client.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String("demo"), Filter: aws.String("task:group")})
	w.fails(err, "InvalidParameterException", "Invalid filter: Unexpected end of the expression, expected an operator at position 11.")
	w.equal(failures(w.run(&ecs.RunTaskInput{Count: aws.Int32(10)}).Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(2) + " RESOURCE:CPU"})
}

func TestInstanceWithTasksIsDeregisteredOnlyByForce(t *testing.T) {
	w := seed(t)
	arn := *w.run(&ecs.RunTaskInput{}).Tasks[0].TaskArn
	in := &ecs.DeregisterContainerInstanceInput{Cluster: aws.String("demo"), ContainerInstance: aws.String(instanceOf(1))}
	_, err := w.client.DeregisterContainerInstance(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Found running tasks on the instance.")
	in.Force = aws.Bool(true)
	w.equal(*must(w.client.DeregisterContainerInstance(t.Context(), in))(t).ContainerInstance.Status, inactive)
	task := must(w.client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("demo"), Tasks: []string{arn}}))(t).Tasks[0]
	w.equal(line(*task.DesiredStatus, task.StoppedReason == nil), "RUNNING true") // until it ends or the instance goes
}

func TestCustomAttributes(t *testing.T) {
	w := seed(t)
	attr := func(name, value string) types.Attribute {
		return types.Attribute{Name: &name, Value: &value, TargetId: aws.String(instanceOf(1)), TargetType: types.TargetTypeContainerInstance}
	}
	put := func(as ...types.Attribute) error {
		_, err := w.client.PutAttributes(t.Context(), &ecs.PutAttributesInput{Cluster: aws.String("demo"), Attributes: as})
		return err
	}
	if err := put(attr("stack", "prod"), attr("disk", "ssd")); err != nil {
		t.Fatal(err)
	}
	list := func(name, value *string) []string {
		out := must(w.client.ListAttributes(t.Context(), &ecs.ListAttributesInput{Cluster: aws.String("demo"), TargetType: types.TargetTypeContainerInstance, AttributeName: name, AttributeValue: value}))(t)
		return names(out.Attributes, func(a types.Attribute) string { return *a.Name + "=" + aws.ToString(a.Value) })
	}
	w.equal(len(list(nil, nil)), 6)
	w.equal(list(aws.String("stack"), aws.String("prod")), "[stack=prod]")
	must(w.client.DeleteAttributes(t.Context(), &ecs.DeleteAttributesInput{Cluster: aws.String("demo"), Attributes: []types.Attribute{attr("stack", "prod")}}))(t)
	w.equal(list(aws.String("stack"), nil), "[]")
	w.fails(put(attr("ecs.os-type", "x")), "InvalidParameterException", "Attribute names that begin with ecs. or com.amazonaws. are reserved: ecs.os-type")
	w.fails(put(types.Attribute{Name: aws.String("a"), TargetId: aws.String(instanceOf(9))}), "TargetNotFoundException", "The specified target was not found.")
	for i := range 9 {
		if err := put(attr(fmt.Sprint("a", i), "")); err != nil {
			t.Fatal(err)
		}
	}
	w.fails(put(attr("eleventh", "")), "AttributeLimitExceededException", "A container instance can have at most 10 custom attributes.")
}

func TestTagsOfEveryResource(t *testing.T) {
	w := seed(t)
	task := *w.run(&ecs.RunTaskInput{}).Tasks[0].TaskArn
	must(w.client.CreateService(t.Context(), web("")))(t)
	for _, arn := range []string{arnPrefix + "cluster/demo", arnPrefix + "service/demo/web", task, arnPrefix + "container-instance/demo/" + instanceOf(1), arnPrefix + "task-definition/web:1"} {
		must(w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b")}}}))(t)
		must(w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("2")}}}))(t)
		must(w.client.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"b", "c"}}))(t)
		tags := must(w.client.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: &arn}))(t).Tags
		w.equal(names(tags, func(t types.Tag) string { return *t.Key + "=" + *t.Value }), "[a=2]")
	}
	for arn, want := range map[string]string{
		arnPrefix + "service/web":               "InvalidParameterException: Long arn format must be used for tagging operations",
		arnPrefix + "service/demo/nope":         "ResourceNotFoundException: The specified resource could not be found.",
		arnPrefix + "cluster/nope":              "ClusterNotFoundException: Cluster not found.",
		arnPrefix + "capacity-provider/x":       "ResourceNotFoundException: The specified resource could not be found.",
		"web":                                   `InvalidParameterException: Invalid resource ARN: "web"`,
		arnPrefix + "service/demo/nope/x":       "InvalidParameterException: Invalid identifier: " + arnPrefix + "service/demo/nope/x",
		arnPrefix + "task-definition/web:7":     "ResourceNotFoundException: The specified resource could not be found.",
		arnPrefix + "task/demo/" + "0123456789": "ResourceNotFoundException: The specified resource could not be found.",
	} {
		_, err := w.client.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a"}})
		var code, message string
		fmt.Sscanf(want, "%s", &code)
		code, message = code[:len(code)-1], want[len(code)+1:]
		w.fails(err, code, message)
	}
	many := make([]types.Tag, 51)
	for i := range many {
		many[i] = types.Tag{Key: aws.String(fmt.Sprint(i))}
	}
	arn := arnPrefix + "cluster/demo"
	_, err := w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: many})
	w.fails(err, "InvalidParameterException", "Tags can have at most 50 items.")
	_, err = w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: many[:50]})
	w.fails(err, "LimitExceededException", "A resource can have at most 50 tags.") // with the one there
}

func TestAccountSettingsAreThoseInEffect(t *testing.T) {
	w := newWorld(t)
	var got []string
	p := ecs.NewListAccountSettingsPaginator(w.client, &ecs.ListAccountSettingsInput{EffectiveSettings: true, MaxResults: 2})
	for p.HasMorePages() {
		for _, s := range must(p.NextPage(t.Context()))(t).Settings {
			got = append(got, string(s.Name)+"="+*s.Value)
		}
	}
	w.equal(got, "[awsvpcTrunking=disabled containerInsights=disabled containerInstanceLongArnFormat=enabled defaultLogDriverMode=non-blocking dualStackIPv6=disabled "+
		"fargateEventWindows=disabled fargateFIPSMode=disabled fargateTaskRetirementWaitPeriod=7 guardDutyActivate=off serviceLongArnFormat=enabled "+
		"tagResourceAuthorization=on taskLongArnFormat=enabled]")
	w.equal(len(must(w.client.ListAccountSettings(t.Context(), &ecs.ListAccountSettingsInput{}))(t).Settings), 0)
}
