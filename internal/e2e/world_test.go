package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// web is the seed story's cast: one load balancer, one target group, one service.
type web struct {
	*daemon
	port  int // the listener's
	group string
	lb    string
	nets  []string // ids of the subnets
	http  *http.Client
}

const cluster, service = "default", "web"

// startWeb makes the seed story: a service of desired copies behind a load balancer.
func startWeb(d *daemon, desired int32) *web {
	d.t.Helper()
	w := balance(d, elbtypes.TargetTypeEnumInstance)
	w.register("web", 80, "v1")
	d.awaitInstance()
	must(d.ecs.CreateService(d.t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(service),
		TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(desired),
		LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &w.group, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}}))
	w.stable(int(desired))
	return w
}

// balance makes the load balancer, with a group for one kind of targets.
func balance(d *daemon, kind elbtypes.TargetTypeEnum) *web {
	d.t.Helper()
	w := &web{daemon: d, port: freePort(d.t)}
	w.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}
	d.t.Cleanup(w.http.CloseIdleConnections)
	ctx := d.t.Context()
	d.open()
	var vpc struct{ Vpcs []struct{ VpcId string } }
	d.unmarshal(d.aws("ec2", "describe-vpcs"), &vpc)
	w.nets = d.subnets()
	lb := must(d.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: w.nets}))
	tg := must(d.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, TargetType: kind,
		Port: aws.Int32(80), VpcId: &vpc.Vpcs[0].VpcId, HealthCheckPath: aws.String("/healthz"),
		HealthCheckIntervalSeconds: aws.Int32(5), HealthCheckTimeoutSeconds: aws.Int32(2)}))
	w.lb, w.group = *lb.LoadBalancers[0].LoadBalancerArn, *tg.TargetGroups[0].TargetGroupArn
	must(d.elb.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &w.group,
		Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("10")}}}))
	must(d.elb.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: &w.lb, Protocol: elbtypes.ProtocolEnumHttp,
		Port: aws.Int32(int32(w.port)), DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &w.group}}}))
	return w
}

// register registers a revision of a family whose probe listens on port.
func (d *daemon) register(family string, port int32, version string) {
	d.t.Helper()
	must(d.ecs.RegisterTaskDefinition(d.t.Context(), &ecs.RegisterTaskDefinitionInput{Family: &family,
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("drydock/probe"),
			Cpu: 64, MemoryReservation: aws.Int32(32), Essential: aws.Bool(true),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(port), HostPort: aws.Int32(0)}},
			Environment: []types.KeyValuePair{{Name: aws.String("PORT"), Value: aws.String(strconv.Itoa(int(port)))},
				{Name: aws.String("VERSION"), Value: &version}}}}}))
}

// awaitInstance returns once the default cluster has container instances, all connected.
func (d *daemon) awaitInstance() {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error {
		list, err := d.ecs.ListContainerInstances(d.t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String(cluster)})
		if err != nil {
			return err
		}
		if len(list.ContainerInstanceArns) == 0 {
			return fmt.Errorf("no container instance in %s", cluster)
		}
		out, err := d.ecs.DescribeContainerInstances(d.t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String(cluster), ContainerInstances: list.ContainerInstanceArns})
		if err != nil {
			return err
		}
		for _, i := range out.ContainerInstances {
			if !i.AgentConnected {
				return fmt.Errorf("container instance %s has no agent yet", *i.ContainerInstanceArn)
			}
		}
		return nil
	})
}

// stable returns once the service runs n copies of one deployment, all healthy targets.
func (w *web) stable(n int) {
	w.t.Helper()
	await(w.t, 120*time.Second, func() error {
		out, err := w.ecs.DescribeServices(w.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: []string{service}})
		if err != nil {
			return err
		}
		if len(out.Services) != 1 {
			return fmt.Errorf("service not found: %v", out.Failures)
		}
		s := out.Services[0]
		healthy, all := 0, w.targets()
		for _, h := range all {
			if h.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				healthy++
			}
		}
		if len(s.Deployments) != 1 || int(s.RunningCount) != n || s.PendingCount != 0 || healthy != n || len(all) != n ||
			s.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			return fmt.Errorf("%d deployments, %d running, %d pending, %d of %d targets healthy; %s", len(s.Deployments),
				s.RunningCount, s.PendingCount, healthy, len(all), firstEvents(s.Events))
		}
		return nil
	})
}

func firstEvents(events []types.ServiceEvent) string {
	var b strings.Builder
	for i, e := range events {
		if i < 5 {
			fmt.Fprintf(&b, "\n  %s", *e.Message)
		}
	}
	return b.String()
}

func (w *web) targets() []elbtypes.TargetHealthDescription {
	w.t.Helper()
	return must(w.elb.DescribeTargetHealth(w.t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &w.group})).TargetHealthDescriptions
}

// tasks describes the service's tasks with the desired status RUNNING.
func (d *daemon) tasks() []types.Task {
	d.t.Helper()
	list := must(d.ecs.ListTasks(d.t.Context(), &ecs.ListTasksInput{Cluster: aws.String(cluster)}))
	if len(list.TaskArns) == 0 {
		return nil
	}
	return must(d.ecs.DescribeTasks(d.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: list.TaskArns})).Tasks
}

func (w *web) scale(n int32) {
	w.t.Helper()
	must(w.ecs.UpdateService(w.t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String(service), DesiredCount: &n}))
}

// get asks the load balancer once and returns who answered.
func (w *web) get(path string) (who string, err error) {
	resp, err := w.http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", w.port, path))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, body)
	}
	var a struct {
		Container string `json:"container"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return "", fmt.Errorf("%w: %s", err, body)
	}
	return a.Container, nil
}

// load sends requests on 64 connections until its stop function is called, which returns how many
// were answered and what failed. It ends by itself after five minutes.
func (w *web) load() (stop func() (int64, []string)) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	var wg sync.WaitGroup
	var ok atomic.Int64
	var mu sync.Mutex
	var failed []string
	for range 64 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := w.get("/"); err != nil {
					mu.Lock()
					failed = append(failed, time.Now().Format("15:04:05.000 ")+err.Error())
					mu.Unlock()
				} else {
					ok.Add(1)
				}
				pause(ctx, 5*time.Millisecond) // a steady load, not the most that two cores bear
			}
		})
	}
	return func() (int64, []string) {
		cancel()
		wg.Wait()
		return ok.Load(), failed
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// await asks for a condition until it holds: what is asked runs in another process.
func await(t testing.TB, most time.Duration, cond func() error) {
	t.Helper()
	deadline := time.Now().Add(most)
	for {
		err := cond()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", most, err)
		}
		pause(t.Context(), 50*time.Millisecond)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (d *daemon) unmarshal(s string, v any) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(s), v); err != nil {
		d.t.Fatalf("%v: %s", err, s)
	}
}
