package elbv2

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// health is the health of a group's targets, or of those asked for, one a line.
func (w *world) health(tg string, asked ...types.TargetDescription) string {
	w.Helper()
	out, err := w.DescribeTargetHealth(w.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &tg, Targets: asked})
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, d := range out.TargetHealthDescriptions {
		h := d.TargetHealth
		line := fmt.Sprintf("%s:%d check :%s %s %s %s", *d.Target.Id, *d.Target.Port, *d.HealthCheckPort, h.State, h.Reason, str(h.Description))
		if d.Target.AvailabilityZone != nil {
			line += " in " + *d.Target.AvailabilityZone
		}
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func (w *world) register(tg, id string, port *int32) error {
	_, err := w.RegisterTargets(w.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: &id, Port: port}}})
	return err
}

func (w *world) deregister(tg, id string) {
	w.Helper()
	if _, err := w.DeregisterTargets(w.Context(), &elb.DeregisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: &id}}}); err != nil {
		w.Fatal(err)
	}
}

// probed writes what lb would have seen of the first target.
func (w *world) probed(h model.TargetHealth) {
	w.update(func(tx *store.Tx) {
		for t := range store.Targets.All(tx) {
			t.Health = h
			store.Targets.Put(tx, t)
			return
		}
	})
}

func (w *world) expect(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestATargetFromRegistrationToTheEnd(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "")
	w.instance("i-0123456789abcdef0", "running")
	if err := w.register(tg, "i-0123456789abcdef0", nil); err != nil {
		t.Fatal(err)
	}
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 unused Target.NotInUse Target group is not configured to receive traffic from the load balancer")

	w.listen(w.balancer("web"), 80, tg)
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 initial Elb.RegistrationInProgress Target registration is in progress")
	w.probed(model.TargetHealth{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [404]"})
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [404]")
	apart := "Target is in an Availability Zone that is not enabled for the load balancer"
	w.probed(model.TargetHealth{State: "unused", Reason: "Target.NotInUse", Description: apart})
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 unused Target.NotInUse "+apart)
	w.probed(model.TargetHealth{State: "healthy"})
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 healthy")
	if err := w.register(tg, "i-0123456789abcdef0", nil); err != nil { // changes nothing
		t.Fatal(err)
	}
	err := elb.NewTargetInServiceWaiter(w).Wait(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &tg}, time.Minute)
	if err != nil {
		t.Errorf("target-in-service: %v", err)
	}

	w.deregister(tg, "i-0123456789abcdef0")
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 draining Target.DeregistrationInProgress Target deregistration is in progress")
	w.view(func(tx *store.Tx) {
		for g := range store.Targets.All(tx) {
			if left := time.Until(g.Draining); left > 30*time.Second || left < 20*time.Second { // 300 s, ten times as fast
				t.Errorf("drains for %v", left)
			}
		}
	})
	if err := w.register(tg, "i-0123456789abcdef0", nil); err != nil {
		t.Fatal(err)
	}
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 initial Elb.RegistrationInProgress Target registration is in progress")
	w.instance("i-0123456789abcdef0", "shutting-down")
	w.expect(w.health(tg), "i-0123456789abcdef0:80 check :80 unused Target.InvalidState Target is in the shutting-down state")
}

func TestATargetOfAnIdleGroupLeavesAtOnce(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "")
	w.instance("i-1", "running")
	if err := w.register(tg, "i-1", aws.Int32(8080)); err != nil {
		t.Fatal(err)
	}
	w.deregister(tg, "i-1") // another port: not registered, which is no error
	asked := types.TargetDescription{Id: aws.String("i-1"), Port: aws.Int32(8080)}
	w.expect(w.health(tg, asked), "i-1:8080 check :8080 unused Target.NotInUse Target group is not configured to receive traffic from the load balancer")
	if _, err := w.DeregisterTargets(t.Context(), &elb.DeregisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{asked}}); err != nil {
		t.Fatal(err)
	}
	w.expect(w.health(tg), "")
	w.expect(w.health(tg, asked), "i-1:8080 check :8080 unused Target.NotRegistered Target is not registered to the target group")
	err := elb.NewTargetDeregisteredWaiter(w).Wait(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{asked}}, time.Minute)
	if err != nil {
		t.Errorf("target-deregistered: %v", err)
	}
}

func TestATargetIsTakenForGoneWhenItsDelayIsOver(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "")
	w.instance("i-1", "running")
	key, _ := model.TargetGroupKey(tg)
	w.update(func(tx *store.Tx) { // the row waits for the task, which runs on
		store.Targets.Put(tx, model.Target{Group: key, ID: "i-1", Port: 80, Task: "t", Dial: "172.17.0.2:80", Draining: tx.Now(), Drained: true})
	})
	w.expect(w.health(tg), "")
	err := elb.NewTargetDeregisteredWaiter(w).Wait(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &tg,
		Targets: []types.TargetDescription{{Id: aws.String("i-1")}}}, time.Minute)
	if err != nil {
		t.Errorf("target-deregistered: %v", err)
	}
}

func TestATaskStillHearsOfItsTargetInAnIdleGroup(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "")
	w.instance("i-1", "running")
	key, _ := model.TargetGroupKey(tg)
	w.update(func(tx *store.Tx) {
		store.Targets.Put(tx, model.Target{Group: key, ID: "i-1", Port: 80, Task: "t", Dial: "172.17.0.2:80"})
	})
	w.deregister(tg, "i-1")
	w.expect(w.health(tg), "i-1:80 check :80 draining Target.DeregistrationInProgress Target deregistration is in progress")
	if err := w.register(tg, "i-1", nil); err != nil {
		t.Fatal(err)
	}
	w.view(func(tx *store.Tx) {
		got, _ := store.Targets.Get(tx, model.TargetKey(key, "i-1", 80))
		w.expect(got.Task+" "+got.Dial, "t 172.17.0.2:80")
	})
}

func TestIPTargetsAreReachedWhereTheyAre(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "ip")
	w.listen(w.balancer("web"), 80, tg)
	w.instance("i-1", "running")
	for id, zone := range map[string]*string{"172.31.0.10": nil, "172.31.16.9": nil, "10.1.2.3": aws.String("all")} {
		_, err := w.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &tg,
			Targets: []types.TargetDescription{{Id: &id, AvailabilityZone: zone}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.expect(w.health(tg), strings.Join([]string{
		"10.1.2.3:80 check :80 initial Elb.RegistrationInProgress Target registration is in progress in all",
		"172.31.0.10:80 check :80 initial Elb.RegistrationInProgress Target registration is in progress in us-east-1a",
		"172.31.16.9:80 check :80 initial Elb.RegistrationInProgress Target registration is in progress in us-east-1b"}, "\n"))
	dials := ""
	w.view(func(tx *store.Tx) {
		for g := range store.Targets.All(tx) {
			dials += g.ID + "=" + g.Dial + " "
		}
	})
	w.expect(dials, "10.1.2.3=10.1.2.3:80 172.31.0.10=172.31.0.10:80 172.31.16.9=172.31.16.9:80 ")
}

func TestTargetsThatAreRefused(t *testing.T) {
	w := start(t)
	byInstance, byIP := w.targets("instance", ""), w.targets("ip", "ip")
	w.instance("i-run", "running")
	w.instance("i-end", "terminated")
	w.update(func(tx *store.Tx) {
		store.Instances.Put(tx, model.Instance{ID: "i-away", State: "running", VPC: "vpc-away"})
	})
	register := func(tg, id string, port int32, zone string) func() error {
		return func() error {
			d := types.TargetDescription{Id: &id, Port: &port}
			if zone != "" {
				d.AvailabilityZone = &zone
			}
			_, err := w.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{d}})
			return err
		}
	}
	const bad = "ValidationError"
	refuseAll(t, []refusal{
		{"an instance that is not there", register(byInstance, "i-0", 80, ""), "InvalidTarget", "'i-0'"},
		{"an instance that ended", register(byInstance, "i-end", 80, ""), "InvalidTarget", "not in a running state and cannot be registered: 'i-end'"},
		{"an instance of another VPC", register(byInstance, "i-away", 80, ""), "InvalidTarget", "are not in the target group VPC"},
		{"an address for an instance", register(byInstance, "10.0.0.1", 80, ""), bad, "Instance ID '10.0.0.1' is not valid"},
		{"an instance with a zone", register(byInstance, "i-run", 80, "us-east-1a"), bad, "Availability Zone cannot be specified"},
		{"port 0", register(byInstance, "i-run", 0, ""), bad, "port"},
		{"an instance for an address", register(byIP, "i-run", 80, ""), bad, "'i-run' is not a valid IPv4 address"},
		{"IPv6", register(byIP, "fd00::1", 80, ""), bad, "not a valid IPv4 address"},
		{"a public address", register(byIP, "8.8.8.8", 80, "all"), bad, "'8.8.8.8' is not within a supported range"},
		{"loopback", register(byIP, "127.0.0.1", 80, "all"), bad, "registered by a private address of the machine's own, with the Availability Zone 'all'"},
		{"outside of the VPC without zone", register(byIP, "10.0.0.1", 80, ""), bad, "The Availability Zone is required for IP address '10.0.0.1' because it is not in the VPC"},
		{"outside of the VPC in no zone", register(byIP, "10.0.0.1", 80, "mars"), bad, "'10.0.0.1' is outside the VPC"},
		{"within the VPC with another zone", register(byIP, "172.31.0.9", 80, "all"), bad, "cannot have its Availability Zone overridden to 'all' from 'us-east-1a'"},
		{"no target", func() error {
			_, err := w.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &byIP, Targets: []types.TargetDescription{}})
			return err
		}, bad, "At least one target"},
		{"a group that is not there", register(byIP+"0", "10.0.0.1", 80, "all"), "TargetGroupNotFound", "not found"},
		{"health of an instance that is not there", func() error {
			_, err := w.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &byInstance, Targets: []types.TargetDescription{{Id: aws.String("i-0")}}})
			return err
		}, "InvalidTarget", "'i-0'"},
		{"anomalies", func() error {
			_, err := w.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &byIP, Include: []types.DescribeTargetHealthInputIncludeEnum{"All"}})
			return err
		}, bad, "Include"},
	})
}

func TestAGroupHasAThousandTargetsAtMost(t *testing.T) {
	w := start(t)
	tg := w.targets("web", "ip")
	var all []types.TargetDescription
	for i := range maxTargets + 1 {
		all = append(all, types.TargetDescription{Id: aws.String("172.31.0.9"), Port: i32(i + 1)})
	}
	_, err := w.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &tg, Targets: all})
	refuses(t, err, "TooManyTargets", "1000")
	w.expect(w.health(tg), "") // all or nothing
	if _, err = w.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &tg, Targets: all[:maxTargets]}); err != nil {
		t.Error(err)
	}
}
