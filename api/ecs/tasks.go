package ecs

import (
	"iter"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const maxDescribe = 100

// stopTask asks for a task to stop; one that stopped is answered as it is.
func stopTask(tx *store.Tx, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.Task) == "" {
		return nil, invalid("Task can not be blank.")
	}
	id, err := taskID(tx, c.Name, *in.Task)
	if err != nil {
		return nil, err
	}
	t, ok := store.Tasks.Get(tx, id)
	if !ok || t.Birth.Cluster != c.Name {
		return nil, invalid("The referenced task was not found.")
	}
	reason := aws.ToString(in.Reason)
	switch {
	case reason == "":
		reason = "Task stopped by user"
	case len(reason) > 1024:
		return nil, invalid("Reason can have at most 1024 characters.")
	}
	t.End(types.TaskStopCodeUserInitiated, reason, tx.Now())
	store.Tasks.Put(tx, t)
	return &ecs.StopTaskOutput{Task: new(showTask(tx, t, false))}, nil
}

func describeTasks(tx *store.Tx, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	switch n := len(in.Tasks); {
	case n == 0:
		return nil, invalid("Tasks cannot be empty.")
	case n > maxDescribe:
		return nil, invalid("Tasks can have at most %d items.", maxDescribe)
	}
	out := &ecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	tags := slices.Contains(in.Include, types.TaskFieldTags)
	for _, ref := range in.Tasks {
		id, err := taskID(tx, c.Name, ref)
		if err != nil {
			return nil, err
		}
		t, ok := store.Tasks.Get(tx, id)
		if !ok || t.Birth.Cluster != c.Name {
			out.Failures = append(out.Failures, missing(taskARN(tx, c.Name, id)))
			continue
		}
		out.Tasks = append(out.Tasks, showTask(tx, t, tags))
	}
	return out, nil
}

// listTasks lists the tasks of a cluster by desired status and the other filters together.
func listTasks(tx *store.Tx, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	if err := refuse(in, members("Cluster ContainerInstance DesiredStatus Family LaunchType MaxResults NextToken ServiceName StartedBy")); err != nil {
		return nil, err
	}
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	f, err := newTaskFilter(tx, c.Name, in)
	if err != nil {
		return nil, err
	}
	arns, next := take(p, f.rows(tx, p.after), f.keep, func(t model.Task) string { return taskARN(tx, c.Name, t.ID) })
	return &ecs.ListTasksOutput{TaskArns: arns, NextToken: next}, nil
}

// taskFilter says which tasks a ListTasks call wants; empty fields want any.
type taskFilter struct {
	cluster, want                        string
	family, startedBy, service, instance string
	launchType                           string
}

func newTaskFilter(tx *store.Tx, cluster string, in *ecs.ListTasksInput) (f taskFilter, err error) {
	f = taskFilter{cluster: cluster, want: string(or(in.DesiredStatus, types.DesiredStatusRunning)), family: aws.ToString(in.Family),
		startedBy: aws.ToString(in.StartedBy), launchType: string(in.LaunchType)}
	if !slices.Contains(types.DesiredStatus("").Values(), types.DesiredStatus(f.want)) {
		return f, invalid("Invalid desiredStatus: %s", f.want)
	}
	if f.launchType != "" && !slices.Contains(types.LaunchType("").Values(), in.LaunchType) {
		return f, invalid("Invalid launch type: %s", f.launchType)
	}
	if ref := aws.ToString(in.ServiceName); ref != "" {
		if f.service, err = within(tx, "service", cluster, ref); err != nil {
			return f, err
		}
		if _, ok := store.Services.Get(tx, cluster+"/"+f.service); !ok {
			return f, serviceNotFound()
		}
	}
	if ref := aws.ToString(in.ContainerInstance); ref != "" {
		if f.instance, err = instanceID(tx, cluster, ref); err != nil {
			return f, err
		}
		if ci, ok := store.ContainerInstances.Get(tx, f.instance); !ok || ci.Cluster != cluster {
			return f, invalid("The referenced container instance was not found.")
		}
	}
	if f.startedBy != "" && (f.family != "" || f.service != "" || f.instance != "") {
		return f, invalid("StartedBy cannot be combined with another filter.")
	}
	return f, nil
}

// rows returns the fewest tasks that hold all wanted ones, in the order of their ids.
func (f taskFilter) rows(tx *store.Tx, after string) iter.Seq[model.Task] {
	running := f.want == string(types.DesiredStatusRunning) // those are live, and indexed
	switch {
	case running && f.instance != "":
		return store.TasksByInstance.From(tx, f.instance, after)
	case running && f.service != "":
		return store.TasksByService.From(tx, f.cluster+"/"+f.service, after)
	}
	return store.TasksByWant.From(tx, f.cluster+"/"+f.want, after)
}

func (f taskFilter) keep(t model.Task) bool {
	b := t.Birth
	family, _, _ := strings.Cut(b.Def, ":")
	return t.Want.String() == f.want &&
		(f.family == "" || f.family == family) &&
		(f.startedBy == "" || f.startedBy == b.StartedBy) &&
		(f.service == "" || f.service == b.Service) &&
		(f.instance == "" || f.instance == t.Instance) &&
		(f.launchType == "" || f.launchType == b.LaunchType)
}
