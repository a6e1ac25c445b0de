package elbv2

import (
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// listenerInput is what CreateListener and ModifyListener may say of a listener.
type listenerInput struct {
	port         *int32
	protocol     types.ProtocolEnum
	policy       *string
	certificates []types.Certificate
	actions      []types.Action
	alpn         []string
	mutual       *types.MutualAuthenticationAttributes
}

// createListener makes a listener, or answers the one that stands there when the same was asked
// for before.
func createListener(tx *store.Tx, in *elb.CreateListenerInput) (*elb.CreateListenerOutput, error) {
	lb, err := loadBalancer(tx, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if len(in.DefaultActions) == 0 {
		return nil, missing("defaultActions")
	}
	l, err := listenerInput{in.Port, in.Protocol, in.SslPolicy, in.Certificates, in.DefaultActions, in.AlpnPolicy, in.MutualAuthentication}.
		over(tx, model.Listener{LoadBalancer: lb.ID}, lb)
	if err != nil {
		return nil, err
	}
	if l.Tags, err = tags(in.Tags); err != nil {
		return nil, err
	}
	count := 0
	for old := range store.Listeners.From(tx, lb.ID+"/", "") {
		count++
		if old.Port != l.Port {
			continue
		}
		if !sameListener(old, l) {
			return nil, duplicate(*in.LoadBalancerArn)
		}
		return &elb.CreateListenerOutput{Listeners: []types.Listener{renderListener(tx, old)}}, nil
	}
	if count >= maxListeners {
		return nil, &types.TooManyListenersException{Message: say("The maximum number of listeners per load balancer is '%d'", maxListeners)}
	}
	l.ID = lb.ID + "/" + ids.Hex(16)
	store.Listeners.Put(tx, l)
	return &elb.CreateListenerOutput{Listeners: []types.Listener{renderListener(tx, l)}}, nil
}

func duplicate(lb string) error {
	return &types.DuplicateListenerException{Message: say("A listener already exists on this port for this load balancer '%s'", lb)}
}

// sameListener reports whether asking for b is asking for a again.
func sameListener(a, b model.Listener) bool {
	return a.Protocol == b.Protocol && a.SSLPolicy == b.SSLPolicy && slices.Equal(a.Certificates, b.Certificates) &&
		reflect.DeepEqual(a.Actions, b.Actions) && sameSet(a.Tags, b.Tags)
}

// over returns l with what in says laid over it.
func (in listenerInput) over(tx *store.Tx, l model.Listener, lb model.LoadBalancer) (model.Listener, error) {
	if err := in.refused(); err != nil {
		return l, err
	}
	if in.port != nil {
		l.Port = int(*in.port)
	}
	if in.protocol != "" {
		l.Protocol = string(in.protocol)
	}
	switch {
	case l.Port == 0:
		return l, invalid("A port must be specified")
	case l.Protocol == "":
		return l, invalid("A protocol must be specified")
	}
	l, err := in.secure(tx, l)
	if err != nil || len(in.actions) == 0 {
		return l, err
	}
	l.Actions, err = actions(tx, in.actions, l, lb)
	return l, err
}

// refused checks what needs no state.
func (in listenerInput) refused() error {
	if err := firstErr(between(in.port, "port", 1, 65535), oneOf(in.protocol, "protocol", in.protocol.Values())); err != nil {
		return err
	}
	switch {
	case in.protocol != "" && in.protocol != types.ProtocolEnumHttp && in.protocol != types.ProtocolEnumHttps:
		return invalid("Listener protocol '%s' must be one of 'HTTP, HTTPS' for load balancers of type 'application'", in.protocol)
	case len(in.alpn) > 0:
		return &types.InvalidConfigurationRequestException{Message: say("AlpnPolicy '%s' cannot be specified for load balancers of type 'application'", in.alpn[0])}
	case in.mutual != nil && str(in.mutual.Mode) != "off":
		return unsupported("MutualAuthentication with mode '%s'", str(in.mutual.Mode))
	}
	return nil
}

func describeListeners(tx *store.Tx, in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	rows, err := selectListeners(tx, in)
	if err != nil {
		return nil, err
	}
	some, next := take(p, rows)
	out := &elb.DescribeListenersOutput{Listeners: []types.Listener{}, NextMarker: next}
	for _, l := range some {
		out.Listeners = append(out.Listeners, renderListener(tx, l))
	}
	return out, nil
}

func selectListeners(tx *store.Tx, in *elb.DescribeListenersInput) (iter.Seq[model.Listener], error) {
	switch {
	case in.LoadBalancerArn != nil && len(in.ListenerArns) > 0:
		return nil, invalid("Listener ARNs and a load balancer ARN cannot be specified at the same time")
	case in.LoadBalancerArn != nil:
		lb, err := loadBalancer(tx, in.LoadBalancerArn)
		return store.Listeners.From(tx, lb.ID+"/", ""), err
	case len(in.ListenerArns) > 0:
		ls, err := each(in.ListenerArns, func(arn string) (model.Listener, error) {
			l, err := listener(tx, &arn)
			if _, gone := err.(*types.ListenerNotFoundException); gone {
				err = &types.ListenerNotFoundException{Message: say("One or more listeners not found")}
			}
			return l, err
		})
		return sorted(ls), err
	}
	return nil, invalid("You must specify either listener ARNs or a load balancer ARN")
}

func modifyListener(tx *store.Tx, in *elb.ModifyListenerInput) (*elb.ModifyListenerOutput, error) {
	l, err := listener(tx, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	lb, ok := store.LoadBalancers.Get(tx, l.LoadBalancer)
	if !ok {
		return nil, fmt.Errorf("listener %s: load balancer %s has no row", l.ID, l.LoadBalancer)
	}
	l, err = listenerInput{in.Port, in.Protocol, in.SslPolicy, in.Certificates, in.DefaultActions, in.AlpnPolicy, in.MutualAuthentication}.
		over(tx, l, lb)
	if err != nil {
		return nil, err
	}
	for other := range store.Listeners.From(tx, lb.ID+"/", "") {
		if other.ID != l.ID && other.Port == l.Port {
			return nil, duplicate(tx.Scope().LoadBalancerARN(lb.ID))
		}
	}
	store.Listeners.Put(tx, l)
	return &elb.ModifyListenerOutput{Listeners: []types.Listener{renderListener(tx, l)}}, nil
}

func deleteListener(tx *store.Tx, in *elb.DeleteListenerInput) (*elb.DeleteListenerOutput, error) {
	l, err := listener(tx, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	store.Listeners.Delete(tx, l.Key())
	return &elb.DeleteListenerOutput{}, nil
}
