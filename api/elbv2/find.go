package elbv2

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// own reports whether arn is of the account and region that tx reads.
func own(tx *store.Tx, arn string) bool {
	a, ok := model.ParseARN(arn)
	return ok && a.Scope() == tx.Scope() && a.Partition == tx.Scope().Partition()
}

// loadBalancer returns the load balancer that arn names.
func loadBalancer(tx *store.Tx, arn *string) (lb model.LoadBalancer, err error) {
	if arn == nil {
		return lb, missing("loadBalancerArn")
	}
	key, ok := model.LoadBalancerKey(*arn)
	if !ok || !own(tx, *arn) {
		return lb, invalid("'%s' is not a valid load balancer ARN", *arn)
	}
	if lb, ok = store.LoadBalancers.Get(tx, key); !ok {
		return lb, &types.LoadBalancerNotFoundException{Message: say("Load balancer '%s' not found", *arn)}
	}
	return lb, nil
}

// listener returns the listener that arn names.
func listener(tx *store.Tx, arn *string) (l model.Listener, err error) {
	if arn == nil {
		return l, missing("listenerArn")
	}
	key, ok := model.ListenerKey(*arn)
	if !ok || !own(tx, *arn) {
		return l, invalid("'%s' is not a valid listener ARN", *arn)
	}
	if l, ok = store.Listeners.Get(tx, key); !ok {
		return l, &types.ListenerNotFoundException{Message: say("Listener '%s' not found", *arn)}
	}
	return l, nil
}

// targetGroup returns the target group that arn names.
func targetGroup(tx *store.Tx, arn *string) (g model.TargetGroup, err error) {
	if arn == nil {
		return g, missing("targetGroupArn")
	}
	key, ok := model.TargetGroupKey(*arn)
	if !ok || !own(tx, *arn) {
		return g, invalid("'%s' is not a valid target group ARN", *arn)
	}
	if g, ok = store.TargetGroups.Get(tx, key); !ok {
		return g, &types.TargetGroupNotFoundException{Message: say("Target groups '%s' not found", *arn)}
	}
	return g, nil
}

// each finds one row for each name, in the order given and each once.
func each[T interface{ Key() string }](names []string, find func(string) (T, error)) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for _, n := range names {
		r, err := find(n)
		if err != nil {
			return nil, err
		}
		if !seen[r.Key()] {
			seen[r.Key()] = true
			all = append(all, r)
		}
	}
	return all, nil
}

// loadBalancersOf returns the keys of the load balancers whose listeners forward to a group.
func loadBalancersOf(tx *store.Tx, group string) (keys []string) {
	seen := map[string]bool{}
	for l := range store.ListenersByGroup.Each(tx, group) {
		if !seen[l.LoadBalancer] {
			seen[l.LoadBalancer] = true
			keys = append(keys, l.LoadBalancer)
		}
	}
	return keys
}
