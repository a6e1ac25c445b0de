package logs

import (
	"fmt"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func names(gs []types.LogGroup) (out []string) {
	for _, g := range gs {
		out = append(out, *g.LogGroupName)
	}
	return out
}

func TestGroups(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	for _, n := range []string{"/ecs/web", "/ecs/api", "Data"} {
		must(w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: &n, Tags: map[string]string{"for": n}}))(w)
	}
	_, err := w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: new("Data")})
	w.fails(err, "ResourceAlreadyExistsException", "The specified log group already exists")
	for name, says := range map[string]string{"": "at 'logGroupName'", "a b": `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`,
		strings.Repeat("x", 513): "length less than or equal to 512", "aws/x": "reserved"} {
		_, err = w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: &name})
		w.fails(err, "InvalidParameterException", says)
	}
	_, err = w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: new("k"), KmsKeyId: new("key")})
	w.fails(err, "InvalidParameterException", "Drydock does not support the parameter kmsKeyId.")
	_, err = w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: new("k"), LogGroupClass: types.LogGroupClassInfrequentAccess})
	w.fails(err, "InvalidParameterException", "Drydock does not support the logGroupClass INFREQUENT_ACCESS.")

	all := must(w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{}))(w)
	w.equal(names(all.LogGroups), "[/ecs/api /ecs/web Data]")
	g := all.LogGroups[0]
	w.equal(line(*g.Arn, *g.LogGroupArn, g.RetentionInDays, *g.StoredBytes, g.LogGroupClass, *g.MetricFilterCount),
		"arn:aws:logs:us-east-1:000000000000:log-group:/ecs/api:* arn:aws:logs:us-east-1:000000000000:log-group:/ecs/api <nil> 0 STANDARD 0")
	w.equal(names(must(w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupNamePrefix: new("/ecs/w")}))(w).LogGroups), "[/ecs/web]")
	w.equal(names(must(w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupNamePattern: new("a")}))(w).LogGroups), "[/ecs/api Data]")
	w.equal(names(must(w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupIdentifiers: []string{*g.LogGroupArn, "Data"}}))(w).LogGroups), "[/ecs/api Data]")
	_, err = w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupNamePattern: new("a"), LogGroupNamePrefix: new("b")})
	w.fails(err, "InvalidParameterException", "mutually exclusive")
	_, err = w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{Limit: new(int32(51))})
	w.fails(err, "InvalidParameterException", "less than or equal to 50")
	var paged []string
	pages := sdk.NewDescribeLogGroupsPaginator(w, &sdk.DescribeLogGroupsInput{Limit: new(int32(2))})
	for pages.HasMorePages() {
		paged = append(paged, names(must(pages.NextPage(ctx))(w).LogGroups)...)
	}
	w.equal(paged, "[/ecs/api /ecs/web Data]")

	must(w.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: new("Data")}))(w)
	_, err = w.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: new("Data")})
	w.fails(err, "ResourceNotFoundException", "The specified log group does not exist.")
}

func TestRetention(t *testing.T) {
	w := start(t)
	w.seed()
	days := func() *int32 {
		return must(w.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{}))(w).LogGroups[0].RetentionInDays
	}
	must(w.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(7))}))(w)
	w.equal(*days(), 7)
	_, err := w.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(2))})
	w.fails(err, "InvalidParameterException", "Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7,")
	must(w.DeleteRetentionPolicy(t.Context(), &sdk.DeleteRetentionPolicyInput{LogGroupName: new("g")}))(w)
	w.equal(days() == nil, true)
	_, err = w.DeleteRetentionPolicy(t.Context(), &sdk.DeleteRetentionPolicyInput{LogGroupName: new("x")})
	w.fails(err, "ResourceNotFoundException", "group")
}

func TestTags(t *testing.T) {
	w := start(t)
	w.seed()
	ctx, arn := t.Context(), scope.LogGroupARN("g")
	must(w.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"}}))(w)
	//lint:ignore SA1019 older clients use it
	must(w.TagLogGroup(ctx, &sdk.TagLogGroupInput{LogGroupName: new("g"), Tags: map[string]string{"b": "3", "c": ""}}))(w)
	must(w.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a", "x"}}))(w)
	w.equal(must(w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: &arn}))(w).Tags, "map[b:3 c:]")
	//lint:ignore SA1019 older clients use it
	must(w.UntagLogGroup(ctx, &sdk.UntagLogGroupInput{LogGroupName: new("g"), Tags: []string{"c"}}))(w)
	//lint:ignore SA1019 older clients use it
	w.equal(must(w.ListTagsLogGroup(ctx, &sdk.ListTagsLogGroupInput{LogGroupName: new("g")}))(w).Tags, "map[b:3]")
	_, err := w.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"aws:x": "1"}})
	w.fails(err, "InvalidParameterException", "reserved")
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	_, err = w.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &arn, Tags: many})
	w.fails(err, "TooManyTagsException", "50")
	_, err = w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: new(arn + "x")})
	w.fails(err, "ResourceNotFoundException", "group")
	_, err = w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: new("arn:aws:ecs:us-east-1:000000000000:cluster/x")})
	w.fails(err, "InvalidParameterException", "is not the ARN of a log group")
}

func TestStreams(t *testing.T) {
	w := start(t)
	w.seed("b", "a/1", "a/2")
	ctx := t.Context()
	_, err := w.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("b")})
	w.fails(err, "ResourceAlreadyExistsException", "The specified log stream already exists")
	_, err = w.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("x:y")})
	w.fails(err, "InvalidParameterException", "Member must satisfy regular expression pattern: [^:*]*")
	_, err = w.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: new("none"), LogStreamName: new("b")})
	w.fails(err, "ResourceNotFoundException", "The specified log group does not exist.")

	list := func(in sdk.DescribeLogStreamsInput) (out []string) {
		in.LogGroupName, in.Limit = new("g"), new(int32(2))
		for pages := sdk.NewDescribeLogStreamsPaginator(w, &in); pages.HasMorePages(); {
			for _, s := range must(pages.NextPage(ctx))(w).LogStreams {
				out = append(out, *s.LogStreamName)
			}
		}
		return out
	}
	now := tNow()
	w.put("a/2", now, "one", "two")
	w.put("b", now.Add(1e9), "three")
	w.equal(list(sdk.DescribeLogStreamsInput{}), "[a/1 a/2 b]")
	w.equal(list(sdk.DescribeLogStreamsInput{Descending: new(true)}), "[b a/2 a/1]")
	w.equal(list(sdk.DescribeLogStreamsInput{LogStreamNamePrefix: new("a/")}), "[a/1 a/2]")
	w.equal(list(sdk.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: new(true)}), "[b a/2 a/1]")
	_, err = w.DescribeLogStreams(ctx, &sdk.DescribeLogStreamsInput{LogGroupName: new("g"), OrderBy: types.OrderByLastEventTime, LogStreamNamePrefix: new("a")})
	w.fails(err, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	_, err = w.DescribeLogStreams(ctx, &sdk.DescribeLogStreamsInput{LogGroupName: new("g"), NextToken: new("!")})
	w.fails(err, "InvalidParameterException", "The specified nextToken is invalid.")

	s := must(w.DescribeLogStreams(ctx, &sdk.DescribeLogStreamsInput{LogGroupIdentifier: new(scope.LogGroupARN("g")), LogStreamNamePrefix: new("a/2")}))(w).LogStreams[0]
	//lint:ignore SA1019 older clients use it
	w.equal(line(*s.Arn, *s.FirstEventTimestamp-now.UnixMilli(), *s.LastEventTimestamp-now.UnixMilli(), *s.StoredBytes),
		"arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:a/2 0 1 0")
	must(w.DeleteLogStream(ctx, &sdk.DeleteLogStreamInput{LogGroupName: new("g"), LogStreamName: new("a/2")}))(w)
	_, err = w.DeleteLogStream(ctx, &sdk.DeleteLogStreamInput{LogGroupName: new("g"), LogStreamName: new("a/2")})
	w.fails(err, "ResourceNotFoundException", "The specified log stream does not exist.")

	must(w.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("a/2")}))(w)
	out := must(w.GetLogEvents(ctx, &sdk.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("a/2")}))(w)
	w.equal(len(out.Events), 0) // those of the deleted stream of that name do not come back
}
