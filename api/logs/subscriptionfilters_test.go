package logs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const logsTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole",
	"Condition":{"StringLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:*:*"}}}}`

// role makes a role that CloudWatch Logs, or another service, may assume, in an account.
func (w *world) role(account, name, service, document string) string {
	w.Helper()
	sc := model.Scope{Account: account, Region: scope.Region}
	r := model.Role{Name: name, Path: "/", ID: "AROA" + name, Trust: fmt.Sprintf(logsTrust, service), Grants: model.Grants{Inline: []model.Inline{{Name: "own", Document: document}}}}
	if err := w.store.Update(sc.Global(), func(tx *store.Tx) error { store.Roles.Put(tx, r); return nil }); err != nil {
		w.Fatal(err)
	}
	return r.ARN(sc)
}

const nothing = `{"Version":"2012-10-17","Statement":[]}`

// destination makes a destination and returns its ARN.
func (w *world) destination(name string) string {
	w.Helper()
	role := w.role(scope.Account, "logs", "logs.amazonaws.com", nothing)
	out := must(w.PutDestination(w.Context(), &sdk.PutDestinationInput{DestinationName: &name, RoleArn: &role, TargetArn: new("dir:///srv/" + name)}))(w)
	return *out.Destination.Arn
}

// in is a client of another account.
func (w *world) in(account string) *sdk.Client {
	o := w.Options()
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: account, SecretAccessKey: "test"}, nil
	})
	return sdk.New(o)
}

func subscription(name, to string) *sdk.PutSubscriptionFilterInput {
	return &sdk.PutSubscriptionFilterInput{LogGroupName: new("g"), FilterName: &name, FilterPattern: new("ERROR"), DestinationArn: &to}
}

func TestDestinations(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	arn := w.destination("b")
	w.equal(arn, "arn:aws:logs:us-east-1:000000000000:destination:b")
	w.destination("a")
	w.destination("ab")
	list := func(in sdk.DescribeDestinationsInput) (out []string) {
		in.Limit = new(int32(2))
		for pages := sdk.NewDescribeDestinationsPaginator(w, &in); pages.HasMorePages(); {
			for _, d := range must(pages.NextPage(ctx))(w).Destinations {
				out = append(out, line(*d.DestinationName, *d.TargetArn, *d.RoleArn, *d.CreationTime > 0, aws.ToString(d.AccessPolicy)))
			}
		}
		return out
	}
	w.equal(strings.Join(list(sdk.DescribeDestinationsInput{}), "|"), "a dir:///srv/a arn:aws:iam::000000000000:role/logs true |ab dir:///srv/ab arn:aws:iam::000000000000:role/logs true |b dir:///srv/b arn:aws:iam::000000000000:role/logs true ")
	w.equal(len(list(sdk.DescribeDestinationsInput{DestinationNamePrefix: new("a")})), 2)

	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"logs:PutSubscriptionFilter","Resource":"` + arn + `"}}`
	must(w.PutDestinationPolicy(ctx, &sdk.PutDestinationPolicyInput{DestinationName: new("b"), AccessPolicy: &policy}))(w)
	role := w.role(scope.Account, "regional", "logs.us-east-1.amazonaws.com", nothing) // as older pages have it
	must(w.PutDestination(ctx, &sdk.PutDestinationInput{DestinationName: new("b"), RoleArn: &role, TargetArn: new("file:///srv/c")}))(w)
	w.equal(list(sdk.DescribeDestinationsInput{DestinationNamePrefix: new("b")})[0], line("b file:///srv/c arn:aws:iam::000000000000:role/regional true", policy)) // it stays

	must(w.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"}}))(w)
	must(w.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"b"}}))(w)
	w.equal(must(w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: &arn}))(w).Tags, "map[a:1]")

	must(w.DeleteDestination(ctx, &sdk.DeleteDestinationInput{DestinationName: new("b")}))(w)
	_, err := w.DeleteDestination(ctx, &sdk.DeleteDestinationInput{DestinationName: new("b")})
	w.fails(err, "ResourceNotFoundException", "The specified destination does not exist.")
	_, err = w.PutDestinationPolicy(ctx, &sdk.PutDestinationPolicyInput{DestinationName: new("b"), AccessPolicy: &policy})
	w.fails(err, "ResourceNotFoundException", "The specified destination does not exist.")
	_, err = w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: &arn})
	w.fails(err, "ResourceNotFoundException", "The specified destination does not exist.")
}

func TestDestinationsThatCannotBe(t *testing.T) {
	w := start(t)
	good, bad := w.role(scope.Account, "logs", "logs.amazonaws.com", nothing), w.role(scope.Account, "tasks", "ecs-tasks.amazonaws.com", nothing)
	for _, tt := range []struct{ rule, name, role, target, says string }{
		{"a name with a colon", "a:b", good, "dir:///srv", "'destinationName'"},
		{"Kinesis", "d", good, "arn:aws:kinesis:us-east-1:000000000000:stream/s", "there is no Kinesis. Name a directory of this machine instead, such as dir:///srv/logs."},
		{"Firehose", "d", good, "arn:aws:firehose:us-east-1:000000000000:deliverystream/s", "there is no Firehose"},
		{"a bucket", "d", good, "arn:aws:s3:::bucket", "is not a directory of this machine"},
		{"a directory from somewhere", "d", good, "dir://srv", "is not a directory of this machine"},
		{"a directory that is not there", "d", good, "dir:///missing", "Could not deliver test message to specified destination. Check if the destination is valid. The directory /missing cannot be written to: no such file or directory."},
		{"no role", "d", "logs", "dir:///srv", "'roleArn'"},
		{"a role that is not there", "d", good + "2", "dir:///srv", "Could not deliver test message to specified destination."},
		{"a role that trusts somebody else", "d", bad, "dir:///srv", "its trust policy does not let logs.amazonaws.com assume it"},
		{"a role of another account", "d", "arn:aws:iam::111122223333:role/logs", "dir:///srv", "Cross-account pass role is not allowed."},
	} {
		_, err := w.PutDestination(t.Context(), &sdk.PutDestinationInput{DestinationName: &tt.name, RoleArn: &tt.role, TargetArn: &tt.target})
		w.fails(err, "InvalidParameterException", tt.says)
	}
	w.destination("d")
	for says, policy := range map[string]string{"Invalid access policy: ": "{", "can have 5120 at most": strings.Repeat(" ", 5121), "'accessPolicy'": ""} {
		_, err := w.PutDestinationPolicy(t.Context(), &sdk.PutDestinationPolicyInput{DestinationName: new("d"), AccessPolicy: &policy})
		w.fails(err, "InvalidParameterException", says)
	}
	_, err := w.PutDestinationPolicy(t.Context(), &sdk.PutDestinationPolicyInput{DestinationName: new("d"), AccessPolicy: new(nothing), ForceUpdate: new(true)})
	w.fails(err, "InvalidParameterException", "the parameter forceUpdate")
}

func TestSubscriptionFilters(t *testing.T) {
	w := start(t)
	w.seed()
	ctx, to := t.Context(), w.destination("d")
	sender := w.role(scope.Account, "sender", "logs.amazonaws.com", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}}`)
	in := subscription("b", to)
	in.RoleArn, in.Distribution = &sender, types.DistributionByLogStream
	must(w.PutSubscriptionFilter(ctx, in))(w)
	must(w.PutSubscriptionFilter(ctx, subscription("a", to)))(w)
	w.equal(strings.Join(w.tried, " "), "/srv/d /srv/d")
	list := func(in sdk.DescribeSubscriptionFiltersInput) (out []string) {
		in.LogGroupName, in.Limit = new("g"), new(int32(1))
		for pages := sdk.NewDescribeSubscriptionFiltersPaginator(w, &in); pages.HasMorePages(); {
			for _, f := range must(pages.NextPage(ctx))(w).SubscriptionFilters {
				out = append(out, line(*f.LogGroupName, *f.FilterName, *f.FilterPattern, *f.DestinationArn == to, aws.ToString(f.RoleArn), f.Distribution, *f.CreationTime > 0))
			}
		}
		return out
	}
	w.equal(strings.Join(list(sdk.DescribeSubscriptionFiltersInput{}), "|"), "g a ERROR true  ByLogStream true|g b ERROR true arn:aws:iam::000000000000:role/sender ByLogStream true")
	w.equal(len(list(sdk.DescribeSubscriptionFiltersInput{FilterNamePrefix: new("b")})), 1)

	_, err := w.PutSubscriptionFilter(ctx, subscription("c", to), once)
	w.fails(err, "LimitExceededException", "Resource limit exceeded.")
	in = subscription("a", to)
	in.FilterPattern = new("WARN")
	must(w.PutSubscriptionFilter(ctx, in))(w) // one that is there may change
	w.equal(list(sdk.DescribeSubscriptionFiltersInput{})[0], "g a WARN true  ByLogStream true")
	must(w.DeleteSubscriptionFilter(ctx, &sdk.DeleteSubscriptionFilterInput{LogGroupName: new("g"), FilterName: new("a")}))(w)
	_, err = w.DeleteSubscriptionFilter(ctx, &sdk.DeleteSubscriptionFilterInput{LogGroupName: new("g"), FilterName: new("a")})
	w.fails(err, "ResourceNotFoundException", "The specified subscription filter does not exist.")
	_, err = w.DescribeSubscriptionFilters(ctx, &sdk.DescribeSubscriptionFiltersInput{LogGroupName: new("none")})
	w.fails(err, "ResourceNotFoundException", "The specified log group does not exist.")
	must(w.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: new("g")}))(w)
	w.seed()
	w.equal(len(list(sdk.DescribeSubscriptionFiltersInput{})), 0) // they went with the group
}

func TestSubscriptionFiltersThatCannotBe(t *testing.T) {
	w := start(t)
	w.seed()
	to, gone := w.destination("d"), w.destination("unreachable")
	weak := w.role(scope.Account, "weak", "logs.amazonaws.com", nothing)
	arn := func(service, resource string) func(in *sdk.PutSubscriptionFilterInput) {
		return func(in *sdk.PutSubscriptionFilterInput) { in.DestinationArn = new(scope.ARN(service, resource)) }
	}
	for _, tt := range []struct {
		rule   string
		change func(in *sdk.PutSubscriptionFilterInput)
		code   string
		says   string
	}{
		{"no such group", func(in *sdk.PutSubscriptionFilterInput) { in.LogGroupName = new("none") }, "ResourceNotFoundException", "The specified log group does not exist."},
		{"a name with a colon", func(in *sdk.PutSubscriptionFilterInput) { in.FilterName = new("a:b") }, "", "'filterName'"},
		{"a pattern that is none", func(in *sdk.PutSubscriptionFilterInput) { in.FilterPattern = new("[") }, "", "Invalid filter pattern: "},
		{"Random", func(in *sdk.PutSubscriptionFilterInput) { in.Distribution = types.DistributionRandom }, "", "Drydock does not support the distribution Random"},
		{"another distribution", func(in *sdk.PutSubscriptionFilterInput) { in.Distribution = "Even" }, "", "'distribution'"},
		{"Kinesis", arn("kinesis", "stream/s"), "", "there is no Kinesis. Name a log destination instead"},
		{"Firehose", arn("firehose", "deliverystream/s"), "", "there is no Firehose. Name a log destination instead"},
		{"Lambda", arn("lambda", "function:f"), "", "there is no Lambda. Name a log destination instead"},
		{"another service", arn("sqs", "q"), "", "PutSubscriptionFilter operation cannot work with destinationArn for vendor sqs"},
		{"another log group", arn("logs", "log-group:g"), "", "cannot work with destinationArn for vendor logs"},
		{"a directory", func(in *sdk.PutSubscriptionFilterInput) { in.DestinationArn = new("dir:///srv") }, "", "'destinationArn'"},
		{"a destination that is not there", arn("logs", "destination:none"), "ResourceNotFoundException", "The specified destination does not exist."},
		{"another region", func(in *sdk.PutSubscriptionFilterInput) {
			in.DestinationArn = new(strings.Replace(to, "us-east-1", "eu-west-1", 1))
		}, "", "must be in the region of the log group"},
		{"one that cannot be reached", func(in *sdk.PutSubscriptionFilterInput) { in.DestinationArn = &gone }, "", "Could not deliver test message to specified destination."},
		{"a role that allows nothing", func(in *sdk.PutSubscriptionFilterInput) { in.RoleArn = &weak }, "", "does not allow logs:PutLogEvents on arn:aws:logs:us-east-1:000000000000:log-group:g:*"},
		{"a role that is not there", func(in *sdk.PutSubscriptionFilterInput) { in.RoleArn = new(weak + "2") }, "", "Could not deliver test message to specified destination."},
		{"transformed logs", func(in *sdk.PutSubscriptionFilterInput) { in.ApplyOnTransformedLogs = true }, "", "the parameter applyOnTransformedLogs"},
		{"system fields", func(in *sdk.PutSubscriptionFilterInput) { in.EmitSystemFields = []string{"@aws.region"} }, "", "the parameter emitSystemFields"},
		{"criteria", func(in *sdk.PutSubscriptionFilterInput) { in.FieldSelectionCriteria = new(`@aws.region = "x"`) }, "", "the parameter fieldSelectionCriteria"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			in := subscription("f", to)
			tt.change(in)
			_, err := w.PutSubscriptionFilter(t.Context(), in)
			w.fails(err, orInvalid(tt.code), tt.says)
		})
	}
	w.equal(len(must(w.DescribeSubscriptionFilters(t.Context(), &sdk.DescribeSubscriptionFiltersInput{LogGroupName: new("g")}))(w).SubscriptionFilters), 0)
}

func TestADestinationSaysWhichAccountsMaySubscribe(t *testing.T) {
	w := start(t)
	ctx, to := t.Context(), w.destination("d")
	there := w.in("111122223333")
	must(there.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: new("g")}))(w)
	_, err := there.PutSubscriptionFilter(ctx, subscription("f", to))
	w.fails(err, "AccessDeniedException", "User: arn:aws:iam::111122223333:root is not authorized to perform: logs:PutSubscriptionFilter on resource: "+to)
	allow := func(account string) {
		policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"logs:PutSubscriptionFilter","Resource":"` + to + `"}}`
		must(w.PutDestinationPolicy(ctx, &sdk.PutDestinationPolicyInput{DestinationName: new("d"), AccessPolicy: &policy}))(w)
	}
	allow("444455556666")
	_, err = there.PutSubscriptionFilter(ctx, subscription("f", to))
	w.fails(err, "AccessDeniedException", "because no resource-based policy allows the logs:PutSubscriptionFilter action")
	allow("111122223333")
	must(there.PutSubscriptionFilter(ctx, subscription("f", to)))(w)
	w.seed()
	must(w.PutSubscriptionFilter(ctx, subscription("f", to)))(w) // the account itself always may
}

// reach is how the tests' destinations are reached. Others can write rows meanwhile.
func (w *world) reach() Options {
	write := func() {
		if err := w.store.Update(scope, func(*store.Tx) error { return nil }); err != nil {
			w.Error(err)
		}
	}
	return Options{
		Directory: func(path string) error {
			write()
			if path == "/missing" {
				return errors.New("no such file or directory")
			}
			return nil
		},
		Try: func(_ model.Scope, to model.LogDestination, _ time.Time) error {
			write()
			if to.Name == "unreachable" {
				return errors.New("it is not there")
			}
			w.tried = append(w.tried, to.Directory)
			return nil
		},
	}
}
