package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// TestTasksMoveToANewZone gives a service under load an instance in a second zone: half of its tasks
// move there, the others stay as they are, and no request fails.
func TestTasksMoveToANewZone(t *testing.T) {
	w := startWeb(start(t, needEngine(t), "--default-instances", "1", "--time-scale", "10"), 4)
	before := w.zones()
	stop := w.load()
	w.drydock("instance", "add", "--cluster", cluster, "--type", "t3.medium")
	w.toldOf(service, "is not AZ balanced with 4 tasks in ", ". AZ Rebalancing in progress.")
	await(t, 60*time.Second, func() error {
		if at := w.zones(); len(at) != 2 || slices.Max(slices.Collect(maps.Values(at))) != 2 {
			return fmt.Errorf("tasks are in %v", at)
		}
		return nil
	})
	w.stable(4)
	w.toldOf(service, "is AZ balanced with 2 tasks in ", " and 2 tasks in ")
	if ok, failed := stop(); ok < 100 || len(failed) > 0 {
		t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
	}
	for zone := range before {
		if n := w.zones()[zone]; n != 2 {
			t.Errorf("%d tasks stayed in %s, want 2", n, zone)
		}
	}
}

// zones counts the tasks that run or start by zone.
func (w *web) zones() map[string]int {
	at := map[string]int{}
	for _, task := range w.tasks() {
		at[*task.AvailabilityZone]++
	}
	return at
}

// TestALoadBalancerServesTheZonesOfItsSubnets has a service in a zone where its load balancer has no subnet:
// it is never healthy, until the load balancer has one there.
func TestALoadBalancerServesTheZonesOfItsSubnets(t *testing.T) {
	w := balance(start(t, needEngine(t), "--default-instances", "0"), elbtypes.TargetTypeEnumIp)
	must(w.elb.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &w.lb, Subnets: w.nets[:2]}))
	w.own("web", "v1")
	must(w.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(service), TaskDefinition: aws.String("web"),
		DesiredCount: aws.Int32(1), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: inSubnets(w.nets[2:]), HealthCheckGracePeriodSeconds: aws.Int32(3600),
		LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &w.group, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}}))
	w.health("unused", "Target.NotInUse")
	if _, err := w.get("/"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v, want 503", err)
	}
	must(w.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), HealthCheckGracePeriodSeconds: aws.Int32(0)}))
	w.toldOf(service, "is unhealthy in (target-group ", "(reason Target is in an Availability Zone that is not enabled for the load balancer)")
	must(w.elb.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &w.lb, Subnets: w.nets}))
	w.stable(1)
	if _, err := w.get("/"); err != nil {
		t.Error(err)
	}
}
