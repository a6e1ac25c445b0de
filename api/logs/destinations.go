package logs

import (
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// mostPolicy is how many bytes an access policy may have.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestinationPolicy.html
const mostPolicy = 5120

// putDestination makes a destination, or changes the one of that name, whose policy stays.
func putDestination(tx *store.Tx, in *sdk.PutDestinationInput) (*sdk.PutDestinationOutput, error) {
	d, err := plannedDestination(tx, in)
	if err != nil {
		return nil, err
	}
	store.LogDestinations.Put(tx, d)
	return &sdk.PutDestinationOutput{Destination: renderDestination(tx.Scope(), d)}, nil
}

// tryDestination says how the directory of a destination is looked at.
func (h handlers) tryDestination(tx *store.Tx, in *sdk.PutDestinationInput) (func() error, error) {
	d, err := plannedDestination(tx, in)
	return func() error {
		if h.Directory == nil {
			return nil
		}
		if err := h.Directory(d.Directory); err != nil {
			return undeliverable("The directory %s cannot be written to: %s.", d.Directory, err)
		}
		return nil
	}, err
}

// plannedDestination is the destination that is asked for.
func plannedDestination(tx *store.Tx, in *sdk.PutDestinationInput) (d model.LogDestination, err error) {
	name, err := checkName(in.DestinationName, "destinationName", streamForm)
	if err != nil {
		return d, err
	}
	d, there := store.LogDestinations.Get(tx, name)
	if !there {
		d = model.LogDestination{Name: name, Created: tx.Now()}
	}
	if d.Target, d.Directory, err = target(in.TargetArn); err != nil {
		return d, err
	}
	if d.Role, err = logsRole(tx, in.RoleArn); err != nil {
		return d, err
	}
	d.Tags, err = merge(d.Tags, in.Tags)
	return d, err
}

// target is the directory that stands for the stream of a destination.
func target(arn *string) (text, path string, err error) {
	if arn == nil {
		return "", "", null("targetArn")
	}
	path, ok := directory.Of(*arn)
	switch a, isARN := model.ParseARN(*arn); {
	case ok:
		return *arn, path, nil
	case isARN && (a.Service == "kinesis" || a.Service == "firehose"):
		return "", "", invalid("Drydock does not support the targetArn %s: there is no %s. Name a directory of this machine instead, such as %s.", *arn, vendors[a.Service], directory.Example)
	}
	return "", "", invalid("The targetArn %s is not a directory of this machine, such as %s.", *arn, directory.Example)
}

// vendors are the services to which CloudWatch Logs delivers.
var vendors = map[string]string{"kinesis": "Kinesis", "firehose": "Firehose", "lambda": "Lambda"}

// logsRole checks the role in which CloudWatch Logs is to act.
func logsRole(tx *store.Tx, arn *string) (string, error) {
	if arn == nil {
		return "", null("roleArn")
	}
	a, _ := model.ParseARN(*arn)
	if _, ok := model.RoleName(*arn); !ok {
		return "", constraint(*arn, "roleArn", "be the ARN of a role")
	}
	if a.Account != tx.Scope().Account {
		return "", invalid("Cross-account pass role is not allowed.")
	}
	if _, ok := identity.ActForLogs(tx, *arn); !ok {
		return "", undeliverable("The role %s does not exist, or its trust policy does not let %s assume it.", *arn, identity.ForLogs)
	}
	return *arn, nil
}

// undeliverable is what CloudWatch Logs says when it cannot send the message with which it checks a
// destination, and why.
func undeliverable(format string, args ...any) error {
	return invalid("Could not deliver test message to specified destination. Check if the destination is valid. "+format, args...)
}

// destination returns the destination with the name.
func destination(tx *store.Tx, name *string) (d model.LogDestination, err error) {
	n, err := checkName(name, "destinationName", streamForm)
	if err != nil {
		return d, err
	}
	d, there := store.LogDestinations.Get(tx, n)
	if !there {
		return d, noSuch("destination")
	}
	return d, nil
}

func deleteDestination(tx *store.Tx, in *sdk.DeleteDestinationInput) (*sdk.DeleteDestinationOutput, error) {
	d, err := destination(tx, in.DestinationName)
	if err != nil {
		return nil, err
	}
	store.LogDestinations.Delete(tx, d.Name)
	return &sdk.DeleteDestinationOutput{}, nil
}

func putDestinationPolicy(tx *store.Tx, in *sdk.PutDestinationPolicyInput) (*sdk.PutDestinationPolicyOutput, error) {
	d, err := destination(tx, in.DestinationName)
	if err != nil {
		return nil, err
	}
	switch p := in.AccessPolicy; {
	case p == nil:
		return nil, null("accessPolicy")
	case *p == "":
		return nil, constraint("", "accessPolicy", "have length greater than or equal to 1")
	case len(*p) > mostPolicy:
		return nil, invalid("The access policy has %d bytes, and can have %d at most.", len(*p), mostPolicy)
	}
	if _, err := policy.Parse(policy.Resource, *in.AccessPolicy); err != nil {
		return nil, invalid("Invalid access policy: %s", err)
	}
	d.Policy = *in.AccessPolicy
	store.LogDestinations.Put(tx, d)
	return &sdk.PutDestinationPolicyOutput{}, nil
}

func describeDestinations(tx *store.Tx, in *sdk.DescribeDestinationsInput) (*sdk.DescribeDestinationsOutput, error) {
	most, err := checkLimit(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	var all []model.LogDestination
	for d := range store.LogDestinations.From(tx, aws.ToString(in.DestinationNamePrefix), "") {
		all = append(all, d)
	}
	all, next, err := page(all, most, in.NextToken, model.LogDestination.Key)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeDestinationsOutput{Destinations: []types.Destination{}, NextToken: next}
	for _, d := range all {
		out.Destinations = append(out.Destinations, *renderDestination(tx.Scope(), d))
	}
	return out, nil
}

func renderDestination(sc model.Scope, d model.LogDestination) *types.Destination {
	out := &types.Destination{DestinationName: &d.Name, Arn: aws.String(sc.LogDestinationARN(d.Name)), TargetArn: &d.Target, RoleArn: &d.Role,
		CreationTime: aws.Int64(d.Created.UnixMilli())}
	if d.Policy != "" {
		out.AccessPolicy = &d.Policy
	}
	return out
}

// admits checks that a destination of another account lets the root of tx's account subscribe to it. Of
// users and roles the gate has asked the same.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html
func admits(tx *store.Tx, arn string, d model.LogDestination) error {
	if a, _ := model.ParseARN(arn); a.Account == tx.Scope().Account {
		return nil
	}
	by, err := identity.Admits(tx, "logs:PutSubscriptionFilter", arn, d.Policy)
	if err == nil && !by.Allowed {
		err = &types.AccessDeniedException{Message: aws.String(by.Message())}
	}
	return err
}

// destinationOf returns the destination that a subscription filter is to deliver to.
func destinationOf(tx *store.Tx, arn *string) (sc model.Scope, d model.LogDestination, err error) {
	if aws.ToString(arn) == "" {
		return sc, d, null("destinationArn")
	}
	a, ok := model.ParseARN(*arn)
	name, named := strings.CutPrefix(a.Resource, "destination:")
	switch {
	case !ok:
		return sc, d, constraint(*arn, "destinationArn", "be an ARN")
	case vendors[a.Service] != "":
		return sc, d, invalid("Drydock does not support the destinationArn %s: there is no %s. Name a log destination instead, as %s: PutDestination makes one of a directory of this machine.",
			*arn, vendors[a.Service], fmt.Sprintf("%q", tx.Scope().LogDestinationARN("NAME")))
	case a.Service != "logs" || !named:
		return sc, d, invalid("PutSubscriptionFilter operation cannot work with destinationArn for vendor %s", a.Service)
	case a.Region != tx.Scope().Region || a.Partition != tx.Scope().Partition():
		return sc, d, invalid("The destination %s must be in the region of the log group.", *arn)
	}
	d, there := store.LogDestinations.Get(tx.In(a.Scope()), name)
	if !there {
		return sc, d, noSuch("destination")
	}
	return a.Scope(), d, admits(tx, *arn, d)
}
