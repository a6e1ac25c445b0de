package ecs

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func memberOf(expression string) []types.PlacementConstraint {
	return []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String(expression)}}
}

// twoStacks is a world with i-1 without and i-2 with the attribute stack=prod.
func twoStacks(t *testing.T) *world {
	w := seed(t)
	w.addInstance(2)
	must(w.client.PutAttributes(t.Context(), &ecs.PutAttributesInput{Cluster: aws.String("demo"), Attributes: []types.Attribute{
		{Name: aws.String("stack"), Value: aws.String("prod"), TargetId: aws.String(instanceOf(2))}}}))(t)
	return w
}

func (w *world) where(out *ecs.RunTaskOutput) []string {
	return names(out.Tasks, func(t types.Task) string {
		return strings.TrimLeft(strings.TrimPrefix(*t.ContainerInstanceArn, arnPrefix+"container-instance/demo/"), "0")
	})
}

func TestMemberOfOfRunTaskAndOfTheDefinition(t *testing.T) {
	w := twoStacks(t)
	w.equal(w.where(w.run(&ecs.RunTaskInput{Count: aws.Int32(2), PlacementConstraints: memberOf("attribute:stack == prod")})), "[2 2]")
	w.equal(w.where(w.run(&ecs.RunTaskInput{Count: aws.Int32(1), Group: aws.String("db"), PlacementConstraints: memberOf("attribute:stack !exists")})), "[1]")
	w.equal(w.where(w.run(&ecs.RunTaskInput{Count: aws.Int32(2), PlacementConstraints: memberOf("task:group == db")})), "[1 1]")
	w.equal(w.where(w.run(&ecs.RunTaskInput{Count: aws.Int32(1), PlacementConstraints: memberOf("not(task:group =~ 'd.*')")})), "[2]")
	out := w.run(&ecs.RunTaskInput{PlacementConstraints: memberOf("attribute:stack == test")})
	w.equal(failures(out.Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(1) + " MemberOf placement constraint unsatisfied.",
		arnPrefix + "container-instance/demo/" + instanceOf(2) + " MemberOf placement constraint unsatisfied."})

	def := webDef("picky")
	def.PlacementConstraints = []types.TaskDefinitionPlacementConstraint{{Type: types.TaskDefinitionPlacementConstraintTypeMemberOf, Expression: aws.String("attribute:stack == prod")}}
	must(w.client.RegisterTaskDefinition(t.Context(), def))(t)
	w.equal(w.where(w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("picky")})), "[2]")
	w.equal(len(w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("picky"), PlacementConstraints: memberOf("attribute:stack !exists")}).Failures), 2)
	started := must(w.client.StartTask(t.Context(), &ecs.StartTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("picky"), ContainerInstances: []string{instanceOf(1), instanceOf(2)}}))(t)
	w.equal(len(started.Tasks), 1)
	w.equal(failures(started.Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(1) + " MemberOf placement constraint unsatisfied."})
}

func TestPlacementIsChecked(t *testing.T) {
	w := seed(t)
	const code = "InvalidParameterException"
	for want, c := range map[string][]types.PlacementConstraint{
		"Invalid memberOf expression: Missing closing parenthesis at position 1.":                            memberOf("(attribute:a exists"),
		"Invalid memberOf expression: The operator > is not valid for agentConnected at position 16.":        memberOf("agentConnected > true"),
		`Invalid memberOf expression: Invalid pattern "(?!a)": lookaheads are not supported at position 16.`: memberOf("attribute:a =~ '(?!a)'"),
		"Invalid memberOf expression: Expression is longer than 2000 characters at position 2001.":           memberOf("attribute:a == " + strings.Repeat("x", 2000)),
		"memberOf expression must be specified.":                                                             {{Type: types.PlacementConstraintTypeMemberOf}},
		"distinctInstance expression should not be specified.":                                               {{Type: types.PlacementConstraintTypeDistinctInstance, Expression: aws.String("")}},
		"Duplicate placement constraint distinctInstance.":                                                   {{Type: types.PlacementConstraintTypeDistinctInstance}, {Type: types.PlacementConstraintTypeDistinctInstance}},
		"Placement constraints can have at most 10 items.":                                                   make([]types.PlacementConstraint, 11),
		"Invalid placement constraint type: near":                                                            {{Type: "near"}},
	} {
		_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"), PlacementConstraints: c})
		w.fails(err, code, want)
		in := web("")
		in.PlacementConstraints = c
		_, err = w.client.CreateService(t.Context(), in)
		w.fails(err, code, want)
	}
	for want, s := range map[string][]types.PlacementStrategy{
		"Placement strategies can have at most 5 items.":                                                                       make([]types.PlacementStrategy, 6),
		"Invalid placement strategy type: tight":                                                                               {{Type: "tight"}},
		"Field must be empty for the placement strategy random.":                                                               {{Type: types.PlacementStrategyTypeRandom, Field: aws.String("cpu")}},
		`Invalid field for the placement strategy spread: "attribute:". Valid fields are instanceId, host and attribute:NAME.`: {{Type: types.PlacementStrategyTypeSpread, Field: aws.String("attribute:")}},
	} {
		_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"), PlacementStrategy: s})
		w.fails(err, code, want)
	}
}

func TestUpdateServiceTakesConstraints(t *testing.T) {
	w := seed(t)
	must(w.client.CreateService(t.Context(), web("")))(t)
	in := &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), PlacementConstraints: memberOf("runningTasksCount < 3")}
	got := must(w.client.UpdateService(t.Context(), in))(t).Service.PlacementConstraints
	w.equal(*got[0].Expression, "runningTasksCount < 3")
	in.PlacementConstraints = memberOf("runningTasksCount")
	_, err := w.client.UpdateService(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Invalid memberOf expression: Unexpected end of the expression, expected an operator at position 18.")
}

func TestListContainerInstancesFilter(t *testing.T) {
	w := twoStacks(t)
	w.update(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, instanceOf(2))
		ci.Agent, ci.Connected = "1.80.0", false
		store.ContainerInstances.Put(tx, ci)
	})
	run := w.run(&ecs.RunTaskInput{Group: aws.String("db")})
	w.equal(w.where(run), "[1]")
	w.advance(*run.Tasks[0].TaskArn, model.Running)
	for filter, want := range map[string]string{
		"attribute:stack exists":                    "[2]",
		"attribute:stack != prod":                   "[1]",
		"agentConnected == true":                    "[1]",
		"agentVersion >= 1.9.0":                     "[2]",
		"runningTasksCount == 1":                    "[1]",
		"task:group == db":                          "[1]",
		"task:group not_in [db]":                    "[2]",
		"ec2InstanceId in [i-1, i-2]":               "[1 2]",
		"registeredAt > 2018-06-18":                 "[1 2]",
		"ec2InstanceId == i-1 or agentVersion > 99": "[1]",
	} {
		out := must(w.client.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String("demo"), Filter: aws.String(filter)}))(t)
		got := names(out.ContainerInstanceArns, func(arn string) string { return strings.TrimLeft(arn[strings.LastIndex(arn, "/")+1:], "0") })
		if line(got) != want {
			t.Errorf("%s: got %v, want %s", filter, got, want)
		}
	}
	_, err := w.client.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String("demo"), Filter: aws.String("cpu > 3")})
	w.fails(err, "InvalidParameterException", `Invalid filter: Unknown subject "cpu" at position 1.`)
}
