package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// delivered are the messages of log events in the files of a destination, in the order of the files.
func (d *daemon) delivered(dir string) (lines []string) {
	d.t.Helper()
	files := must(filepath.Glob(filepath.Join(dir, "AWSLogs/000000000000/cloudwatchlogs/us-east-1/*/*/*/*.json.gz")))
	for _, f := range files {
		for line := range strings.Lines(gunzip(d.t, f)) {
			var m struct {
				MessageType, LogGroup string
				LogEvents             []struct{ Message string }
			}
			d.unmarshal(line, &m)
			for _, e := range m.LogEvents {
				if m.MessageType == "DATA_MESSAGE" && m.LogGroup == "/e2e" {
					lines = append(lines, e.Message)
				}
			}
		}
	}
	return lines
}

// filters makes a metric filter and a subscription filter of the group /e2e.
func (d *daemon) filters(c *cloudwatchlogs.Client, dir string) {
	d.t.Helper()
	d.aws("iam", "create-role", "--role-name", "ship", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"sts:AssumeRole"}}`)
	to := must(c.PutDestination(d.t.Context(), &cloudwatchlogs.PutDestinationInput{DestinationName: aws.String("shipped"),
		RoleArn: aws.String("arn:aws:iam::000000000000:role/ship"), TargetArn: aws.String("dir://" + dir)}))
	must(c.PutSubscriptionFilter(d.t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{LogGroupName: aws.String("/e2e"), FilterName: aws.String("counted"),
		FilterPattern: aws.String("counted"), DestinationArn: to.Destination.Arn}))
	must(c.PutMetricFilter(d.t.Context(), &cloudwatchlogs.PutMetricFilterInput{LogGroupName: aws.String("/e2e"), FilterName: aws.String("counted"),
		FilterPattern: aws.String("[word=counted, number]"), MetricTransformations: []types.MetricTransformation{
			{MetricNamespace: aws.String("E2E"), MetricName: aws.String("Number"), MetricValue: aws.String("$number"), Unit: types.StandardUnitCount}}}))
}

// TestWhatContainersWriteIsCountedAndDelivered is the story of docs/logs.md: the lines of a container move
// a metric and reach a destination, each once, also if the daemon is killed in between.
func TestWhatContainersWriteIsCountedAndDelivered(t *testing.T) {
	d := start(t, needEngine(t), "--time-scale", "5")
	d.aws("logs", "create-log-group", "--log-group-name", "/e2e")
	dir, c := filepath.Join(d.dir, "exports", "shipped"), d.logsClient()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.filters(c, dir)
	_, address := d.logging("/e2e")
	var want []string
	tell := func(lines int) {
		demand(t, fmt.Sprintf("%s/print?text=counted&lines=%d", address, lines))
		for n := range lines {
			want = append(want, fmt.Sprint("counted ", n+1))
		}
		demand(t, address+"/print?text=other&lines=3")
	}
	complete := func() {
		t.Helper()
		await(t, 30*time.Second, func() error {
			if got := d.delivered(dir); !slices.Equal(got, want) {
				return fmt.Errorf("%d lines of %d", len(got), len(want))
			}
			return nil
		})
	}
	const number = `drydock_cloudwatch_%s{account="000000000000",dimensions="",metric="Number",namespace="E2E",region="us-east-1",unit="Count"}`
	tell(3000)
	complete()
	if n, sum := d.metric(fmt.Sprintf(number, "samples_total")), d.metric(fmt.Sprintf(number, "sum")); n != 3000 || sum != 3000*3001/2 {
		t.Errorf("%v values, together %v", n, sum)
	}
	tell(10)
	d.kill()
	d.serve()
	tell(20)
	complete()
	var filters struct{ MetricFilters, SubscriptionFilters []json.RawMessage }
	d.unmarshal(d.aws("logs", "describe-metric-filters"), &filters)
	d.unmarshal(d.aws("logs", "describe-subscription-filters", "--log-group-name", "/e2e"), &filters)
	if len(filters.MetricFilters) != 1 || len(filters.SubscriptionFilters) != 1 {
		t.Errorf("after a kill: %v", filters)
	}
}
