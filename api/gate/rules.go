package gate

import "strings"

// rules holds the rule of every operation, by the signing name of the service.
var rules = map[string]map[string]rule{
	"ecs":                  ecsRules,
	"elasticloadbalancing": elbRules,
	"ec2":                  ec2Rules,
	"iam":                  iamRules,
	"sts":                  stsRules,
	"secretsmanager":       secretsRules,
	"ssm":                  ssmRules,
	"logs":                 logsRules,
}

// arns makes ARNs of the service in the caller's scope: one for every value of a member, after prefix.
// A value that is an ARN itself stays; without a value it is fallback, and none where that is empty.
func arns(prefix, member, fallback string) func(*asking) []string {
	return func(a *asking) []string {
		values := a.texts(member)
		if len(values) == 0 && fallback != "" {
			values = []string{fallback}
		}
		for i, v := range values {
			values[i] = a.arn(prefix, v)
		}
		return values
	}
}

// given is the ARNs that stand in members.
func given(members ...string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, m := range members {
			all = append(all, a.texts(m)...)
		}
		return all
	}
}

func (a *asking) arn(prefix, value string) string {
	if strings.HasPrefix(value, "arn:") {
		return value
	}
	return a.sc.ARN(a.service, prefix+value)
}

// plain is an operation whose action has no resources.
var plain = rule{}

// table merges rules that are shared by many operations into those of single ones.
func table(own map[string]rule, shared ...func(map[string]rule)) map[string]rule {
	for _, add := range shared {
		add(own)
	}
	return own
}

// all gives the operations, whose names are divided by spaces, one rule.
func all(r rule, operations string) func(map[string]rule) {
	return func(t map[string]rule) {
		for _, op := range strings.Fields(operations) {
			t[op] = r
		}
	}
}
