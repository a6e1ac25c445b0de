package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
)

// patience is how long the service may take until it is steady: the image is there.
const patience = 3 * time.Minute

// story is one play of the seed story. Its fields are the ids that the APIs gave.
type story struct {
	*client
	out         io.Writer
	image       string
	port        int
	subnets     []string
	vpc         string
	group, load string // ARNs of the target group and the load balancer
}

// play goes through the story step by step, and shows what came of it.
func (d *demo) play(ctx context.Context) error {
	s := &story{client: &client{endpoint: "http://" + d.addr, region: "us-east-1", account: "000000000000", http: &http.Client{}},
		out: d.out, image: d.image, port: d.port}
	fmt.Fprintf(d.out, "Drydock %s answers on http://%s (picture: http://%s/_drydock/). To follow with aws:\n", version, d.addr, d.addr)
	fmt.Fprintf(d.out, "  export AWS_ENDPOINT_URL=http://%s AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n", d.addr)
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"A cluster, and one container instance in it", s.capacity},
		{"An Application Load Balancer with a listener and a target group", s.loadBalancer},
		{"A task definition: nginx on container port 80, hostPort 0", s.taskDefinition},
		{"A service of four", s.service},
		{"Four tasks on one instance, four host ports, four targets", s.tasks},
		{"Twelve requests", s.requests},
	} {
		fmt.Fprintf(d.out, "\n── %s\n", step.title)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// says prints the aws command for the call that follows.
func (s *story) says(format string, args ...any) {
	fmt.Fprintf(s.out, "$ aws "+format+"\n", args...)
}

// cluster is the demo's one.
const demoCluster = "demo"

func (s *story) capacity(ctx context.Context) error {
	s.says("ecs create-cluster --cluster-name %s", demoCluster)
	if err := s.ecs(ctx, "CreateCluster", map[string]any{"clusterName": demoCluster}, nil); err != nil {
		return err
	}
	s.says("ec2 run-instances --image-id %s --instance-type t3.medium --user-data '#!/bin/bash\n  echo ECS_CLUSTER=%s >> /etc/ecs/ecs.config'", anyAMI, demoCluster)
	ids, err := s.addInstances(ctx, launch{cluster: demoCluster, kind: "t3.medium", n: 1})
	if err == nil {
		fmt.Fprintf(s.out, "  instance %s joined the cluster\n", strings.Join(ids, ", "))
	}
	return err
}

func (s *story) loadBalancer(ctx context.Context) error {
	if err := s.network(ctx); err != nil {
		return err
	}
	s.says("elbv2 create-target-group --name web --protocol HTTP --port 80 --vpc-id %s --health-check-interval-seconds 5 --health-check-timeout-seconds 2", s.vpc)
	var g struct {
		ARN string `xml:"CreateTargetGroupResult>TargetGroups>member>TargetGroupArn"`
	}
	if err := s.elb(ctx, "CreateTargetGroup", url.Values{"Name": {"web"}, "Protocol": {"HTTP"}, "Port": {"80"}, "VpcId": {s.vpc},
		"HealthCheckIntervalSeconds": {"5"}, "HealthCheckTimeoutSeconds": {"2"}}, &g); err != nil {
		return err
	}
	s.says("elbv2 create-load-balancer --name web --subnets %s", strings.Join(s.subnets, " "))
	var l struct {
		ARN string `xml:"CreateLoadBalancerResult>LoadBalancers>member>LoadBalancerArn"`
	}
	form := url.Values{"Name": {"web"}}
	for i, id := range s.subnets {
		form.Set(fmt.Sprintf("Subnets.member.%d", i+1), id)
	}
	if err := s.elb(ctx, "CreateLoadBalancer", form, &l); err != nil {
		return err
	}
	s.group, s.load = g.ARN, l.ARN
	if err := s.open(ctx); err != nil {
		return err
	}
	s.says("elbv2 create-listener --load-balancer-arn %s --protocol HTTP --port %d --default-actions Type=forward,TargetGroupArn=%s", s.load, s.port, s.group)
	return s.elb(ctx, "CreateListener", url.Values{"LoadBalancerArn": {s.load}, "Protocol": {"HTTP"}, "Port": {fmt.Sprint(s.port)},
		"DefaultActions.member.1.Type": {"forward"}, "DefaultActions.member.1.TargetGroupArn": {s.group}}, nil)
}

// open lets this machine in to the load balancer, which has the default security group of its VPC.
func (s *story) open(ctx context.Context) error {
	s.says("ec2 authorize-security-group-ingress --group-name default --protocol tcp --port %d --cidr 0.0.0.0/0", s.port)
	port := fmt.Sprint(s.port)
	return s.ec2(ctx, "AuthorizeSecurityGroupIngress", url.Values{"GroupName": {"default"}, "IpPermissions.1.IpProtocol": {"tcp"},
		"IpPermissions.1.FromPort": {port}, "IpPermissions.1.ToPort": {port}, "IpPermissions.1.IpRanges.1.CidrIp": {"0.0.0.0/0"}}, &struct{}{})
}

// network finds the default VPC and its subnets: a load balancer reaches targets in the zones where it has one.
func (s *story) network(ctx context.Context) error {
	s.says("ec2 describe-subnets --filters Name=default-for-az,Values=true")
	var out struct {
		Subnets []struct {
			ID  string `xml:"subnetId"`
			VPC string `xml:"vpcId"`
		} `xml:"subnetSet>item"`
	}
	if err := s.ec2(ctx, "DescribeSubnets", url.Values{"Filter.1.Name": {"default-for-az"}, "Filter.1.Value.1": {"true"}}, &out); err != nil {
		return err
	}
	if len(out.Subnets) < 2 {
		return fmt.Errorf("the default VPC has %d subnets, want at least 2", len(out.Subnets))
	}
	for _, n := range out.Subnets {
		s.vpc, s.subnets = n.VPC, append(s.subnets, n.ID)
	}
	return nil
}

// webCommand makes nginx say which container answers: its metadata, which it asks for as on ECS. Its hostname is
// that of whoever holds its network namespace.
const webCommand = `uri=$ECS_CONTAINER_METADATA_URI_V4; { curl -s $uri || wget -qO- $uri; } 2>/dev/null > /usr/share/nginx/html/index.html; exec nginx -g 'daemon off;'`

func (s *story) taskDefinition(ctx context.Context) error {
	web := container{Name: "web", Image: s.image, CPU: 128, Memory: 128, Essential: true, Ports: []mapping{{Container: 80}}}
	if !strings.HasPrefix(s.image, "drydock/probe") { // that one says so by itself
		web.Command = []string{"sh", "-c", webCommand}
	}
	var list strings.Builder
	e := json.NewEncoder(&list)
	e.SetEscapeHTML(false)
	if err := e.Encode([]container{web}); err != nil {
		return err
	}
	s.says("ecs register-task-definition --family web --container-definitions '%s'", strings.ReplaceAll(strings.TrimSpace(list.String()), "'", `'\''`))
	return s.ecs(ctx, "RegisterTaskDefinition", map[string]any{"family": "web", "containerDefinitions": []container{web}}, nil)
}

// container is what the story sets of a container definition, in the order in which it is shown.
type container struct {
	Name      string    `json:"name"`
	Image     string    `json:"image"`
	CPU       int       `json:"cpu"`
	Memory    int       `json:"memory"`
	Essential bool      `json:"essential"`
	Ports     []mapping `json:"portMappings"`
	Command   []string  `json:"command,omitempty"`
}

type mapping struct {
	Container int `json:"containerPort"`
	Host      int `json:"hostPort"`
}

// copies is how many tasks the service wants.
const copies = 4

func (s *story) service(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the service was not steady within %v", patience))
	defer cancel()
	events, err := s.send(ctx, http.MethodGet, "/_drydock/events", url.Values{"follow": {"1"}, "tail": {"0"}})
	if err != nil {
		return err
	}
	defer events.Body.Close()
	s.says("ecs create-service --cluster %s --service-name web --task-definition web --desired-count %d \\\n      --load-balancers targetGroupArn=%s,containerName=web,containerPort=80", demoCluster, copies, s.group)
	if err := s.ecs(ctx, "CreateService", map[string]any{"cluster": demoCluster, "serviceName": "web", "taskDefinition": "web", "desiredCount": copies,
		"loadBalancers": []any{map[string]any{"targetGroupArn": s.group, "containerName": "web", "containerPort": 80}}}, nil); err != nil {
		return err
	}
	s.says("ecs wait services-stable --cluster %s --services web", demoCluster)
	stopped := 0
	err = eachLine(ctx, events.Body, func(line []byte) error {
		var e console.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if err := printEvent(s.out, e); err != nil {
			return err
		}
		return progress(e, &stopped)
	})
	switch {
	case errors.Is(err, errSteady):
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return context.Cause(ctx)
	case err == nil:
		return errors.New("the daemon ended")
	}
	return err
}

var errSteady = errors.New("steady")

// progress returns errSteady once the service is, and gives up when its tasks only stop.
func progress(e console.Event, stopped *int) error {
	switch {
	case e.Kind == "service" && strings.Contains(e.Message, "has reached a steady state"):
		return errSteady
	case e.Kind == "task" && e.Status == "STOPPED":
		if *stopped++; *stopped == copies {
			return fmt.Errorf("the tasks do not stay up: %s", e.Message)
		}
	}
	return nil
}
