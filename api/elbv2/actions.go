package elbv2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// actions checks the default actions of a listener and fills in what AWS fills in: weights, and
// the placeholders of a redirect.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
func actions(tx *store.Tx, given []types.Action, l model.Listener, lb model.LoadBalancer) ([]types.Action, error) {
	if len(given) > 1 {
		for _, a := range given {
			if err := routes(a.Type); err != nil {
				return nil, err
			}
		}
		return nil, &types.TooManyActionsException{Message: say("Only one action of type 'forward', 'redirect' or 'fixed-response' can be specified")}
	}
	a := given[0]
	if err := firstErr(routes(a.Type), between(a.Order, "defaultActions.member.order", 1, 50000), onlyItsOwn(a)); err != nil {
		return nil, err
	}
	var err error
	switch a.Type {
	case types.ActionTypeEnumForward:
		a, err = forward(tx, a, lb)
	case types.ActionTypeEnumRedirect:
		a.RedirectConfig, err = redirect(a.RedirectConfig, l)
	case types.ActionTypeEnumFixedResponse:
		err = fixedResponse(a.FixedResponseConfig)
	}
	return []types.Action{a}, err
}

// routes refuses actions that do not answer a request by themselves: Drydock has none.
func routes(t types.ActionTypeEnum) error {
	switch t {
	case "":
		return missing("defaultActions.member.type")
	case types.ActionTypeEnumForward, types.ActionTypeEnumRedirect, types.ActionTypeEnumFixedResponse:
		return nil
	}
	if err := oneOf(t, "defaultActions.member.type", t.Values()); err != nil {
		return err
	}
	return unsupported("action type '%s'", t)
}

// onlyItsOwn reports configuration of another type than the action's.
func onlyItsOwn(a types.Action) error {
	for _, c := range []struct {
		given  bool
		member string
		of     types.ActionTypeEnum
	}{
		{a.ForwardConfig != nil || a.TargetGroupArn != nil, "forward", types.ActionTypeEnumForward},
		{a.RedirectConfig != nil, "redirect", types.ActionTypeEnumRedirect},
		{a.FixedResponseConfig != nil, "fixed-response", types.ActionTypeEnumFixedResponse},
		{a.AuthenticateCognitoConfig != nil, "authenticate-cognito", types.ActionTypeEnumAuthenticateCognito},
		{a.AuthenticateOidcConfig != nil, "authenticate-oidc", types.ActionTypeEnumAuthenticateOidc},
		{a.JwtValidationConfig != nil, "jwt-validation", types.ActionTypeEnumJwtValidation},
	} {
		if c.given && c.of != a.Type {
			return badAction("A '%s' configuration cannot be specified for an action of type '%s'", c.member, a.Type)
		}
	}
	return nil
}

func badAction(format string, args ...any) error {
	return &types.InvalidLoadBalancerActionException{Message: say(format, args...)}
}

// forward checks the target groups of a forward action. The answer names a single group in both
// places, as AWS answers it.
func forward(tx *store.Tx, a types.Action, lb model.LoadBalancer) (types.Action, error) {
	tuples, err := tuples(a)
	if err != nil {
		return a, err
	}
	var seen []string
	for i, t := range tuples {
		g, err := targetGroup(tx, t.TargetGroupArn)
		if err != nil {
			return a, err
		}
		if err := between(t.Weight, "defaultActions.member.forwardConfig.targetGroups.member.weight", 0, 999); err != nil {
			return a, err
		}
		if slices.Contains(seen, g.ID) {
			return a, badAction("Target group '%s' can be specified only once in a forward action", *t.TargetGroupArn)
		}
		seen = append(seen, g.ID)
		if err := fits(tx, g, lb); err != nil {
			return a, err
		}
		if t.Weight == nil {
			tuples[i].Weight = i32(1)
		}
	}
	off := false
	a.ForwardConfig = &types.ForwardActionConfig{TargetGroups: tuples,
		TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: &off}}
	a.TargetGroupArn = nil
	if len(tuples) == 1 {
		a.TargetGroupArn = tuples[0].TargetGroupArn
	}
	return a, nil
}

// tuples returns the target groups that a forward action names, in a list of its own.
func tuples(a types.Action) ([]types.TargetGroupTuple, error) {
	c := a.ForwardConfig
	if c == nil {
		c = &types.ForwardActionConfig{}
	}
	given := c.TargetGroups
	if s := c.TargetGroupStickinessConfig; s != nil && s.Enabled != nil && *s.Enabled {
		return nil, unsupported("target group stickiness")
	}
	switch {
	case a.TargetGroupArn == nil && len(given) == 0:
		return nil, badAction("A target group ARN must be specified for an action of type 'forward'")
	case a.TargetGroupArn != nil && len(given) == 0:
		return []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}, nil
	case a.TargetGroupArn != nil && (len(given) > 1 || str(given[0].TargetGroupArn) != *a.TargetGroupArn):
		return nil, badAction("You must specify either a target group ARN or a list of target groups, or both with the same target group")
	case len(given) > maxForwardGroups:
		return nil, &types.TooManyUniqueTargetGroupsPerLoadBalancerException{
			Message: say("Up to '%d' target groups can be specified in a forward action", maxForwardGroups)}
	}
	return slices.Clone(given), nil
}

// fits reports a group that the load balancer cannot use: one of another VPC, or of another load balancer.
func fits(tx *store.Tx, g model.TargetGroup, lb model.LoadBalancer) error {
	arn := tx.Scope().TargetGroupARN(g.ID)
	if g.VPC != lb.VPC {
		return &types.InvalidConfigurationRequestException{
			Message: say("The target group '%s' is not in the same VPC as the load balancer '%s'", arn, tx.Scope().LoadBalancerARN(lb.ID))}
	}
	for _, other := range loadBalancersOf(tx, g.ID) {
		if other != lb.ID {
			return &types.TargetGroupAssociationLimitException{
				Message: say("The following target groups cannot be associated with more than one load balancer: %s", arn)}
		}
	}
	return nil
}

// redirect checks a redirect and fills in the parts of the address that stay as they are.
func redirect(c *types.RedirectActionConfig, l model.Listener) (*types.RedirectActionConfig, error) {
	if c == nil {
		return nil, badAction("A redirect configuration must be specified for an action of type 'redirect'")
	}
	if c.StatusCode == "" {
		return nil, missing("defaultActions.member.redirectConfig.statusCode")
	}
	if err := oneOf(c.StatusCode, "defaultActions.member.redirectConfig.statusCode", c.StatusCode.Values()); err != nil {
		return nil, err
	}
	full := *c
	for _, f := range []struct {
		member  **string
		stays   string
		allowed func(string) bool
	}{
		{&full.Protocol, "#{protocol}", func(s string) bool { return s == "HTTP" || s == "HTTPS" || s == "#{protocol}" }},
		{&full.Host, "#{host}", func(s string) bool { return s != "" && len(s) <= 128 && placeholders(s) }},
		{&full.Port, "#{port}", redirectPort},
		{&full.Path, "/#{path}", func(s string) bool { return strings.HasPrefix(s, "/") && len(s) <= 128 && placeholders(s) }},
		{&full.Query, "#{query}", func(s string) bool { return len(s) <= 128 && !strings.HasPrefix(s, "?") && placeholders(s) }},
	} {
		if *f.member == nil {
			*f.member = &f.stays
		} else if !f.allowed(**f.member) {
			return nil, badAction("The redirect configuration is not valid: '%s' cannot stand for '%s'", **f.member, f.stays)
		}
	}
	if loops(full, l) {
		return nil, badAction("The redirect configuration is not valid because it creates a loop.")
	}
	return &full, nil
}

// loops reports whether a request that was redirected would be redirected again for ever.
func loops(c types.RedirectActionConfig, l model.Listener) bool {
	port := *c.Port
	return (*c.Protocol == "#{protocol}" || *c.Protocol == l.Protocol) && *c.Host == "#{host}" &&
		(port == "#{port}" || port == strconv.Itoa(l.Port)) && *c.Path == "/#{path}"
}

func redirectPort(s string) bool {
	n, err := strconv.Atoi(s)
	return s == "#{port}" || err == nil && n >= 1 && n <= 65535
}

// placeholders reports whether s has only those that AWS knows between #{ and }.
func placeholders(s string) bool {
	for {
		_, rest, found := strings.Cut(s, "#{")
		if !found {
			return true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !slices.Contains([]string{"protocol", "host", "port", "path", "query"}, name) {
			return false
		}
		s = after
	}
}

// contentTypes are those that a fixed response may have.
var contentTypes = []string{"text/plain", "text/css", "text/html", "application/javascript", "application/json"}

func fixedResponse(c *types.FixedResponseActionConfig) error {
	if c == nil {
		return badAction("A fixed response configuration must be specified for an action of type 'fixed-response'")
	}
	code := str(c.StatusCode)
	switch n, err := strconv.Atoi(code); {
	case c.StatusCode == nil:
		return missing("defaultActions.member.fixedResponseConfig.statusCode")
	case err != nil || len(code) != 3 || n < 200 || n > 599 || n/100 == 3:
		return constraint(code, "defaultActions.member.fixedResponseConfig.statusCode", `satisfy regular expression pattern: ^(2|4|5)\d\d$`)
	case len(str(c.MessageBody)) > 1024:
		return constraint(str(c.MessageBody), "defaultActions.member.fixedResponseConfig.messageBody", "have length less than or equal to 1024")
	case c.ContentType != nil && !slices.Contains(contentTypes, *c.ContentType):
		return badAction("The content type '%s' must be one of '%s'", *c.ContentType, strings.Join(contentTypes, ", "))
	}
	return nil
}
