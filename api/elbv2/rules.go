package elbv2

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// defaultRule is the key of a listener's default rule. Its 16 hex digits follow from the
// listener's key: the rule lives and dies with its listener and needs no row.
func defaultRule(listener string) string {
	sum := sha256.Sum256([]byte(listener))
	return listener + "/" + hex.EncodeToString(sum[:8])
}

// ruleListener returns the listener whose default rule arn names.
func ruleListener(tx *store.Tx, arn string) (model.Listener, error) {
	key, ok := model.RuleKey(arn)
	if !ok || !own(tx, arn) {
		return model.Listener{}, invalid("'%s' is not a valid listener rule ARN", arn)
	}
	l, ok := store.Listeners.Get(tx, key[:strings.LastIndexByte(key, '/')])
	if !ok || defaultRule(l.ID) != key {
		return l, &types.RuleNotFoundException{Message: say("One or more rules not found")}
	}
	return l, nil
}

// describeRules tells the default rules: listeners have no others.
func describeRules(tx *store.Tx, in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, error) {
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	var ls []model.Listener
	switch {
	case in.ListenerArn != nil && len(in.RuleArns) > 0:
		return nil, invalid("A listener ARN and rule ARNs cannot be specified at the same time")
	case in.ListenerArn != nil:
		l, err := listener(tx, in.ListenerArn)
		if err != nil {
			return nil, err
		}
		ls = []model.Listener{l}
	case len(in.RuleArns) > 0:
		if ls, err = each(in.RuleArns, func(arn string) (model.Listener, error) { return ruleListener(tx, arn) }); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("You must specify either a listener ARN or rule ARNs")
	}
	some, next := take(p, sorted(ls))
	out := &elb.DescribeRulesOutput{Rules: []types.Rule{}, NextMarker: next}
	for _, l := range some {
		arn, yes := tx.Scope().RuleARN(defaultRule(l.ID)), true
		out.Rules = append(out.Rules, types.Rule{RuleArn: &arn, Priority: say("default"), IsDefault: &yes,
			Conditions: []types.RuleCondition{}, Actions: l.Actions})
	}
	return out, nil
}
