package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// modes are the network modes, each the name of a service of one task.
var modes = []types.NetworkMode{types.NetworkModeBridge, types.NetworkModeHost, types.NetworkModeNone, types.NetworkModeAwsvpc}

// TestAllModesOutliveTheDaemonAndComeBackWithTheEngine runs a service in each network mode, kills the
// daemon, and takes the engine away.
func TestAllModesOutliveTheDaemonAndComeBackWithTheEngine(t *testing.T) {
	needEngine(t)
	e := startEngine(t)
	d := start(t, e.client(t), "--docker-host", e.host)
	d.awaitInstance()
	d.open()
	for _, mode := range modes {
		d.serveIn(mode)
	}
	before := d.answering(nil)
	d.kill()
	d.serve()
	for mode, now := range d.answering(nil) {
		if was := before[mode]; *now.TaskArn != *was.TaskArn || !now.StartedAt.Equal(*was.StartedAt) || show(now.Attachments) != show(was.Attachments) {
			t.Errorf("%s: after the restart of the daemon %s\nbefore %s", mode, show(now), show(was))
		}
	}
	e.stop(t)
	await(t, 15*time.Second, func() error {
		if d.engineOK() {
			return errStill("healthy")
		}
		return nil
	})
	e.run(t)
	d.answering(before)
}

// serveIn makes a service of one task in a network mode. In host mode it listens on port 81.
func (d *daemon) serveIn(mode types.NetworkMode) {
	d.t.Helper()
	c := probed("web")
	in := &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(string(mode)), TaskDefinition: aws.String(string(mode)), DesiredCount: aws.Int32(1)}
	switch mode {
	case types.NetworkModeHost:
		c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(81)}}
		c.Environment = []types.KeyValuePair{{Name: aws.String("PORT"), Value: aws.String("81")}}
	case types.NetworkModeNone:
		c.PortMappings = nil
	case types.NetworkModeAwsvpc:
		in.NetworkConfiguration = inSubnets(d.subnets())
	}
	d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String(string(mode)), NetworkMode: mode, ContainerDefinitions: []types.ContainerDefinition{c}})
	must(d.ecs.CreateService(d.t.Context(), in))
}

// answering returns the one task of each service once it runs and answers where its mode says, and is
// not one of those before.
func (d *daemon) answering(before map[types.NetworkMode]types.Task) map[types.NetworkMode]types.Task {
	d.t.Helper()
	all := map[types.NetworkMode]types.Task{}
	for _, mode := range modes {
		await(d.t, 90*time.Second, func() error {
			list, err := d.ecs.ListTasks(d.t.Context(), &ecs.ListTasksInput{Cluster: aws.String(cluster), ServiceName: aws.String(string(mode))})
			if err != nil || len(list.TaskArns) != 1 {
				return fmt.Errorf("%s: tasks %v, %v", mode, list, err)
			}
			task := d.describe(list.TaskArns[0])
			if was, ok := before[mode]; ok && *was.TaskArn == *task.TaskArn || *task.LastStatus != "RUNNING" {
				return fmt.Errorf("%s: %s", mode, show(task))
			}
			all[mode] = task
			return d.answersIn(mode, task)
		})
	}
	return all
}

// answersIn asks a task where its network mode lets it answer; in mode none its container has to run.
func (d *daemon) answersIn(mode types.NetworkMode, task types.Task) error {
	at := ""
	switch mode {
	case types.NetworkModeBridge:
		at = fmt.Sprintf("%s:%d", d.hostOf(task), *task.Containers[0].NetworkBindings[0].HostPort)
	case types.NetworkModeHost:
		at = d.hostOf(task) + ":81"
	case types.NetworkModeAwsvpc:
		at = detail(task, "privateIPv4Address") + ":80"
	default:
		for _, c := range d.containers(false) {
			if c.ID == *task.Containers[0].RuntimeId {
				return nil
			}
		}
		return errStill("not on the engine")
	}
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + at + "/env?name=DRYDOCK_TASK_ARN")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !slices.Contains([]string{*task.TaskArn, *task.TaskArn + "\n"}, string(body)) {
		err = fmt.Errorf("%s answers for %s: %s", at, *task.TaskArn, body)
	}
	return err
}
