package logs

import (
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// mostSubscriptions is how many subscription filters a group may have.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html (not adjustable)
const mostSubscriptions = 2

// putSubscriptionFilter makes a filter, or changes the one of that name, which goes on where it is.
func (h handlers) putSubscriptionFilter(tx *store.Tx, in *sdk.PutSubscriptionFilterInput) (*sdk.PutSubscriptionFilterOutput, error) {
	f, _, _, err := h.subscription(tx, in)
	if err != nil {
		return nil, err
	}
	store.Subscriptions.Put(tx, f)
	return &sdk.PutSubscriptionFilterOutput{}, nil
}

// trySubscription says how the destination of a filter is tried.
func (h handlers) trySubscription(tx *store.Tx, in *sdk.PutSubscriptionFilterInput) (func() error, error) {
	_, sc, d, err := h.subscription(tx, in)
	now := tx.Now()
	return func() error {
		if h.Try == nil {
			return nil
		}
		if err := h.Try(sc, d, now); err != nil {
			return undeliverable("%s.", err)
		}
		return nil
	}, err
}

// subscription is the filter that is asked for, if there may be such a one, and its destination with the
// scope that that is in.
func (h handlers) subscription(tx *store.Tx, in *sdk.PutSubscriptionFilterInput) (f model.SubscriptionFilter, sc model.Scope, d model.LogDestination, err error) {
	if f, err = plannedSubscription(in); err != nil {
		return f, sc, d, err
	}
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return f, sc, d, err
	}
	f.Group, f.Created, f.Next = g.Name, tx.Now(), h.log.Next(g.ID)
	if before, there := store.Subscriptions.Get(tx, f.Key()); there {
		f.Created, f.Next = before.Created, before.Next
	} else if n := len(subscriptions(tx, g.Name, "")); n >= mostSubscriptions {
		return f, sc, d, limit("Resource limit exceeded.")
	}
	if err := checkRegexes(tx, g, f.Key(), f.Pattern); err != nil {
		return f, sc, d, err
	}
	if sc, d, err = destinationOf(tx, in.DestinationArn); err != nil {
		return f, sc, d, err
	}
	f.Destination = *in.DestinationArn
	if in.RoleArn != nil {
		f.Role, err = forwardingRole(tx, g, in.RoleArn)
	}
	return f, sc, d, err
}

// plannedSubscription is the filter that is asked for.
func plannedSubscription(in *sdk.PutSubscriptionFilterInput) (f model.SubscriptionFilter, err error) {
	if f.Name, err = checkName(in.FilterName, "filterName", streamForm); err != nil {
		return f, err
	}
	if in.FilterPattern == nil {
		return f, null("filterPattern")
	}
	if _, err := parsePattern("filterPattern", in.FilterPattern); err != nil {
		return f, err
	}
	f.Pattern = *in.FilterPattern
	switch in.Distribution {
	case "", types.DistributionByLogStream:
		return f, nil
	case types.DistributionRandom:
		return f, invalid("Drydock does not support the distribution Random: it is of Kinesis streams, and there is no Kinesis.")
	}
	return f, constraint(string(in.Distribution), "distribution", "satisfy enum value set: [Random, ByLogStream]")
}

// forwardingRole checks the role by whose right the events of a group leave it.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateSubscriptionFilter-IAMrole.html
func forwardingRole(tx *store.Tx, g model.LogGroup, arn *string) (string, error) {
	role, err := logsRole(tx, arn)
	if err != nil {
		return "", err
	}
	act, _ := identity.ActForLogs(tx, role)
	if on := tx.Scope().LogGroupARN(g.Name) + ":*"; !act.May("logs:PutLogEvents", on) {
		return "", undeliverable("The role %s does not allow logs:PutLogEvents on %s.", role, on)
	}
	return role, nil
}

// subscriptions are the filters of a group whose names begin with a prefix.
func subscriptions(tx *store.Tx, group, prefix string) (all []model.SubscriptionFilter) {
	for f := range store.Subscriptions.From(tx, model.LogStreamKey(group, prefix), "") {
		all = append(all, f)
	}
	return all
}

func deleteSubscriptionFilter(tx *store.Tx, in *sdk.DeleteSubscriptionFilterInput) (*sdk.DeleteSubscriptionFilterOutput, error) {
	key, err := filterKey(tx, in.LogGroupName, in.FilterName)
	if err != nil {
		return nil, err
	}
	if _, there := store.Subscriptions.Get(tx, key); !there {
		return nil, noSuch("subscription filter")
	}
	store.Subscriptions.Delete(tx, key)
	return &sdk.DeleteSubscriptionFilterOutput{}, nil
}

func describeSubscriptionFilters(tx *store.Tx, in *sdk.DescribeSubscriptionFiltersInput) (*sdk.DescribeSubscriptionFiltersOutput, error) {
	most, err := checkLimit(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	all, next, err := page(subscriptions(tx, g.Name, aws.ToString(in.FilterNamePrefix)), most, in.NextToken, model.SubscriptionFilter.Key)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeSubscriptionFiltersOutput{SubscriptionFilters: []types.SubscriptionFilter{}, NextToken: next}
	for _, f := range all {
		out.SubscriptionFilters = append(out.SubscriptionFilters, renderSubscription(f))
	}
	return out, nil
}

func renderSubscription(f model.SubscriptionFilter) types.SubscriptionFilter {
	out := types.SubscriptionFilter{LogGroupName: &f.Group, FilterName: &f.Name, FilterPattern: &f.Pattern, DestinationArn: &f.Destination,
		Distribution: types.DistributionByLogStream, CreationTime: aws.Int64(f.Created.UnixMilli())}
	if f.Role != "" {
		out.RoleArn = &f.Role
	}
	return out
}
