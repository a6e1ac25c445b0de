package logs

import (
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/optable"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

var update = flag.Bool("update", false, "write docs/operations-logs.md anew")

// ignored are members that CloudWatch Logs itself does not look at any more.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html and API_PutLogEvents.html
var ignored = map[string]string{
	"FilterLogEventsInput.Interleaved": "events are always interleaved",
	"PutLogEventsInput.SequenceToken":  "every batch is taken",
}

// refusedValues are values that are refused of members that act.
var refusedValues = map[string][]string{"CreateLogGroup": {"logGroupClass other than STANDARD"},
	"PutSubscriptionFilter": {"distribution Random", "destinationArn of Kinesis, Firehose and Lambda"}, "PutDestination": {"targetArn of Kinesis and Firehose"}}

// reasons say why operations are refused, by what their names have in them; the first that fits.
var reasons = []struct{ part, why string }{
	{"ListLogGroups", "use DescribeLogGroups"},
	{"DeletionProtection", "groups are not protected"},
	{"Kms", "there is no KMS"},
	{"S3", "there is no S3"},
	{"Export", "there is no S3"},
	{"Quer", "there is no Logs Insights"},
	{"Log", "there is no Logs Insights, and there are no anomaly detectors"},
	{"Index", "there is no Logs Insights"},
	{"Lookup", "there is no Logs Insights"},
	{"Policy", "there are no policies of accounts or data protection"},
	{"Policies", "there are no policies of accounts or data protection"},
	{"Deliver", "there are no deliveries of vended logs"},
	{"", "not emulated"},
}

// TestOperationsTable walks every operation of the SDK and every member of its input: what does not act
// is refused by name. It writes what it found as a table.
func TestOperationsTable(t *testing.T) {
	w := start(t)
	optable.Table{Service: "logs", Title: "Amazon CloudWatch Logs", Tail: tableTail, Client: reflect.TypeFor[*sdk.Client](),
		Ops: Service(w.store, w.log, Options{}).Ops, Known: known, Readers: []string{"api/logs"}, Echoed: ignored, Values: refusedValues,
		Why: func(operation string) string {
			at := slices.IndexFunc(reasons, func(r struct{ part, why string }) bool { return strings.Contains(operation, r.part) })
			return reasons[at].why
		},
	}.Check(t, *update)
}

const tableTail = `
## What is kept, and for how long

- Events are files under ` + "`logs`" + ` in the data directory. What PutLogEvents or a container wrote survives a
  daemon that is killed. A machine that goes down loses the last second at most.
- Events older than their group's retention are not shown, from that moment on; their files go within a
  minute after the last of them is that old. Retention counts real days, whatever ` + "`--time-scale`" + ` says.
- All events together take 1 GiB at most, or what ` + "`drydock serve --logs-limit`" + ` says: the oldest go first,
  whatever their group. The daemon's log says so.
- The events of a deleted stream are out of reach at once; their place on disk is free once the group is
  deleted, or with the events around them.
- ` + "`interleaved`" + ` and ` + "`sequenceToken`" + ` are looked at on AWS as little as here: events are always interleaved.
- storedBytes of a group is what it takes on disk, which AWS counts some hours late; that of streams is 0, as on AWS.
- In filter patterns a term matches anywhere in the message; a comparison with a selector that is not in
  the message is false, also with !=.
- TestMetricFilter counts messages from 1, as the example of the command line does; those of the API Reference count from 0.
- What metric filters and subscription filters do, and what is lost of it: [Logs](logs.md).
`
