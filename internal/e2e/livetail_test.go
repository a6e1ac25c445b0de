package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const liveARN = "arn:aws:logs:us-east-1:000000000000:log-group:live"

// TestLiveTailReachesItsClients has sessions with the AWS command line client, as docs/logs.md says, and with
// an SDK that puts stream- before the name of the endpoint, on a machine whose /etc/hosts knows that name.
func TestLiveTailReachesItsClients(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	d.aws("logs", "create-log-group", "--log-group-name", "live")
	d.aws("logs", "create-log-stream", "--log-group-name", "live", "--log-stream-name", "s")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "aws", "--endpoint-url", "http://"+d.addr, "logs", "start-live-tail", "--log-group-identifiers", liveARN)
	cmd.Env = append(d.awsEnv(), "AWS_DISABLE_HOST_PREFIX_INJECTION=true")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)

	u := d.user("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:StartLiveTail","logs:PutLogEvents"],"Resource":"*"}}`)
	stream := d.liveTail(ctx, u)
	defer stream.Close()
	started := (<-stream.Events()).(*types.StartLiveTailResponseStreamMemberSessionStart)
	if got := started.Value.LogGroupIdentifiers; len(got) != 1 || got[0] != liveARN {
		t.Errorf("a session of %v", got)
	}
	go func() { // until both have heard
		for n := 0; ctx.Err() == nil; n++ {
			u.says("logs", "put-log-events", "--log-group-name", "live", "--log-stream-name", "s", "--log-events", fmt.Sprintf("timestamp=%d,message=line %d", time.Now().UnixMilli(), n))
		}
	}()
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "line ") {
		t.Errorf("aws logs start-live-tail printed %q (%v)", lines.Text(), lines.Err())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // to its end
	}
	_ = cmd.Wait() // it was interrupted
	if e := firstTold(t, stream); !strings.HasPrefix(*e.Message, "line ") || *e.LogStreamName != "s" {
		t.Errorf("the SDK was told %q of %s", *e.Message, *e.LogStreamName)
	}

	nobody := d.user("nobody", "")
	nobody.env = append(nobody.env, "AWS_DISABLE_HOST_PREFIX_INJECTION=true")
	nobody.wants("(AccessDeniedException) when calling the StartLiveTail operation: User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: logs:StartLiveTail",
		"logs", "start-live-tail", "--log-group-identifiers", liveARN)
}

// TestLiveTailFromInside has a session with the SDK as it is in a container, while others call through the
// same door.
func TestLiveTailFromInside(t *testing.T) {
	d := start(t, needEngine(t))
	d.aws("logs", "create-log-group", "--log-group-name", "live")
	d.aws("logs", "create-log-stream", "--log-group-name", "live", "--log-stream-name", "s")
	d.awaitInstance()
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("tailer"), TaskRoleArn: aws.String(d.execution("tailer", "logs:StartLiveTail", "*")),
		ContainerDefinitions: []ecstypes.ContainerDefinition{probed("web")}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
	said := make(chan string, 1)
	d.ask(task, "web", "/healthz")
	go func() {
		body, err := d.fetch(task, "web", "/aws?call=logs:StartLiveTail&id="+liveARN)
		said <- fmt.Sprint(body, err)
	}()
	c := d.logsClient()
	await(t, 30*time.Second, func() error {
		must(c.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("live"), LogStreamName: aws.String("s"),
			LogEvents: []types.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("from outside")}}}))
		d.says(d.calls(task, "call=sts:GetCallerIdentity"), "assumed-role/tailer")
		select {
		case got := <-said:
			d.says(got, "from outside")
			return nil
		default:
			return errStill("the session told nothing yet")
		}
	})
	d.says(d.calls(task, "call=logs:StartLiveTail&id="+liveARN+"x"), "ResourceNotFoundException")
}

// liveTail begins a session as u with an SDK that is told nothing but the endpoint.
func (d *daemon) liveTail(ctx context.Context, u aUser) *cloudwatchlogs.StartLiveTailEventStream {
	d.t.Helper()
	known := &net.Dialer{}
	id, secret, _ := strings.Cut(keys(u), " ")
	c := cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://" + d.addr),
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return known.DialContext(ctx, network, strings.TrimPrefix(addr, "stream-"))
		}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
		})})
	out, err := c.StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{liveARN}})
	if err != nil {
		d.t.Fatal(err)
	}
	return out.GetStream()
}

// firstTold is the first event of a session.
func firstTold(t *testing.T, stream *cloudwatchlogs.StartLiveTailEventStream) types.LiveTailSessionLogEvent {
	t.Helper()
	for e := range stream.Events() {
		if u, ok := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate); ok && len(u.Value.SessionResults) > 0 {
			return u.Value.SessionResults[0]
		}
	}
	t.Fatalf("the session ended: %v", stream.Err())
	return types.LiveTailSessionLogEvent{}
}
