package policy

import "testing"

// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func TestConditions(t *testing.T) {
	c := Context{}
	c.Set("aws:username", "bob")
	c.Set("ecs:cluster", "arn:aws:ecs:us-east-1:111122223333:cluster/web")
	c.Set("aws:SourceIp", "10.1.2.3")
	c.Set("aws:CurrentTime", "2026-05-01T10:00:00Z")
	c.Set("s3:max-keys", "10")
	c.Set("aws:SecureTransport", "true")
	c.Set("aws:TagKeys", "team", "stage")
	c.Set("aws:PrincipalTag/Team", "blue*")
	c.Set("x:bin", "QmluYXJ5")
	for _, tt := range []struct {
		name, cond string
		want       bool
	}{
		{"StringEquals is exact", `"StringEquals":{"aws:username":"bob"}`, true},
		{"StringEquals has case", `"StringEquals":{"aws:username":"Bob"}`, false},
		{"StringEquals has no wildcards", `"StringEquals":{"aws:username":"b*"}`, false},
		{"values are alternatives", `"StringEquals":{"aws:username":["al","bob"]}`, true},
		{"keys have no case", `"StringEquals":{"AWS:UserName":"bob"}`, true},
		{"a missing key is not equal", `"StringEquals":{"aws:none":"bob"}`, false},
		{"a missing key is not-equal", `"StringNotEquals":{"aws:none":"bob"}`, true},
		{"StringNotEquals is none of the values", `"StringNotEquals":{"aws:username":["al","bob"]}`, false},
		{"IfExists passes a missing key", `"StringEqualsIfExists":{"aws:none":"bob"}`, true},
		{"IfExists checks one that is there", `"StringEqualsIfExists":{"aws:username":"al"}`, false},
		{"StringEqualsIgnoreCase", `"StringEqualsIgnoreCase":{"aws:username":"BOB"}`, true},
		{"StringNotEqualsIgnoreCase", `"StringNotEqualsIgnoreCase":{"aws:username":"BOB"}`, false},
		{"StringLike has wildcards", `"StringLike":{"aws:username":"b?b*"}`, true},
		{"StringNotLike", `"StringNotLike":{"aws:username":"b*"}`, false},
		{"all operators must hold", `"StringLike":{"aws:username":"b*"},"Bool":{"aws:SecureTransport":"false"}`, false},
		{"all keys must hold", `"StringEquals":{"aws:username":"bob","aws:none":"x"}`, false},
		{"NumericEquals", `"NumericEquals":{"s3:max-keys":"10.0"}`, true},
		{"NumericEquals takes a number", `"NumericEquals":{"s3:max-keys":10}`, true},
		{"NumericNotEquals", `"NumericNotEquals":{"s3:max-keys":"10"}`, false},
		{"NumericLessThan", `"NumericLessThan":{"s3:max-keys":"10"}`, false},
		{"NumericLessThanEquals", `"NumericLessThanEquals":{"s3:max-keys":"10"}`, true},
		{"NumericGreaterThan", `"NumericGreaterThan":{"s3:max-keys":"9"}`, true},
		{"NumericGreaterThanEquals", `"NumericGreaterThanEquals":{"s3:max-keys":"11"}`, false},
		{"a text is no number", `"NumericEquals":{"aws:username":"10"}`, false},
		{"DateLessThan", `"DateLessThan":{"aws:CurrentTime":"2026-05-01T10:00:01Z"}`, true},
		{"DateGreaterThan in another zone", `"DateGreaterThan":{"aws:CurrentTime":"2026-05-01T10:00:00+01:00"}`, true},
		{"DateEquals by seconds", `"DateEquals":{"aws:CurrentTime":"1777629600"}`, true},
		{"DateNotEquals", `"DateNotEquals":{"aws:CurrentTime":"2026-05-01T10:00:00Z"}`, false},
		{"DateLessThanEquals by day", `"DateLessThanEquals":{"aws:CurrentTime":"2026-05-01"}`, false},
		{"DateGreaterThanEquals by day", `"DateGreaterThanEquals":{"aws:CurrentTime":"2026-05-01"}`, true},
		{"Bool", `"Bool":{"aws:SecureTransport":true}`, true},
		{"Bool of a missing key", `"Bool":{"aws:none":"false"}`, false},
		{"BoolIfExists of a missing key", `"BoolIfExists":{"aws:none":"true"}`, true},
		{"BinaryEquals", `"BinaryEquals":{"x:bin":"QmluYXJ5"}`, true},
		{"BinaryEquals of other bytes", `"BinaryEquals":{"x:bin":"QmluYXJz"}`, false},
		{"IpAddress in a block", `"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.0.0/8"]}`, true},
		{"IpAddress alone", `"IpAddress":{"aws:SourceIp":"10.1.2.4"}`, false},
		{"IpAddress of IPv6", `"IpAddress":{"aws:SourceIp":"2001:db8::/32"}`, false},
		{"NotIpAddress", `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`, false},
		{"ArnEquals has wildcards", `"ArnEquals":{"ecs:cluster":"arn:aws:ecs:*:111122223333:cluster/w*"}`, true},
		{"ArnLike matches part by part", `"ArnLike":{"ecs:cluster":"arn:*:cluster/web"}`, false},
		{"ArnNotEquals", `"ArnNotEquals":{"ecs:cluster":"arn:aws:ecs:us-east-1:111122223333:cluster/web"}`, false},
		{"ArnNotLike of a missing key", `"ArnNotLike":{"aws:none":"arn:aws:ecs:*:*:cluster/*"}`, true},
		{"Null true: the key is absent", `"Null":{"aws:none":"true"}`, true},
		{"Null false: the key is there", `"Null":{"aws:username":"false"}`, true},
		{"Null true, and the key is there", `"Null":{"aws:username":true}`, false},
		{"ForAllValues: every value is among them", `"ForAllValues:StringEquals":{"aws:TagKeys":["team","stage","cost"]}`, true},
		{"ForAllValues: one is not", `"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`, false},
		{"ForAllValues passes a missing key", `"ForAllValues:StringEquals":{"aws:none":["team"]}`, true},
		{"ForAllValues:StringNotEquals: none is among them", `"ForAllValues:StringNotEquals":{"aws:TagKeys":["team"]}`, false},
		{"ForAnyValue: one is among them", `"ForAnyValue:StringLike":{"aws:TagKeys":["st*"]}`, true},
		{"ForAnyValue fails a missing key", `"ForAnyValue:StringEquals":{"aws:none":["team"]}`, false},
		{"ForAnyValue:StringNotEquals: one is not among them", `"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team"]}`, true},
		{"ForAnyValue with IfExists", `"ForAnyValue:StringEqualsIfExists":{"aws:none":["team"]}`, true},
		{"a variable", `"StringEquals":{"aws:username":"${aws:username}"}`, true},
		{"a variable with a default", `"StringEquals":{"aws:username":"${aws:none, 'bob'}"}`, true},
		{"a default in double quotes", `"StringEquals":{"aws:username":"${aws:none,\"bob\"}"}`, true},
		{"a variable without a value is like nothing", `"StringLike":{"aws:username":"*${aws:none}"}`, false},
		{"a variable's value has no wildcards", `"StringLike":{"aws:username":"${aws:PrincipalTag/team}"}`, false},
		{"${*} is a star", `"StringLike":{"aws:PrincipalTag/team":"b*${*}"}`, true},
		{"${*} is nothing else", `"StringLike":{"aws:username":"bob${*}"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := doc(t, Identity, `"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+tt.cond+`}`)
			if _, got := x.find(newQuestion(Request{Action: "ecs:RunTask", Context: c}, false), false); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestElements(t *testing.T) {
	const cluster = "arn:aws:ecs:us-east-1:111122223333:cluster/web"
	c := Context{"aws:username": {"bob"}, "aws:principaltag/team": {"web"}}
	for _, tt := range []struct {
		name, members, action, resource string
		want                            bool
	}{
		{"an action has no case", `"Action":"ECS:runtask","Resource":"*"`, "ecs:RunTask", cluster, true},
		{"an action may have wildcards", `"Action":"ecs:Ru?Ta*","Resource":"*"`, "ecs:RunTask", cluster, true},
		{"the action star is all", `"Action":"*","Resource":"*"`, "ecs:RunTask", cluster, true},
		{"a list of actions", `"Action":["ecs:StopTask","ecs:RunTask"],"Resource":"*"`, "ecs:RunTask", cluster, true},
		{"NotAction is all others", `"NotAction":["iam:*","ecs:Stop*"],"Resource":"*"`, "ecs:RunTask", cluster, true},
		{"NotAction is not those", `"NotAction":["iam:*","ecs:Run*"],"Resource":"*"`, "ecs:RunTask", cluster, false},
		{"a resource has case", `"Action":"*","Resource":"arn:aws:ecs:us-east-1:111122223333:cluster/Web"`, "ecs:RunTask", cluster, false},
		{"a star in the resource spans slashes", `"Action":"*","Resource":"arn:aws:ecs:*:*:*"`, "ecs:RunTask", cluster, true},
		{"a star does not span colons before it", `"Action":"*","Resource":"arn:aws:*:cluster/web"`, "ecs:RunTask", cluster, false},
		{"a star spans colons in the resource", `"Action":"*","Resource":"arn:aws:logs:*:*:log-group:*"`, "logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/ecs:log-stream:x", true},
		{"parts that are not written are any", `"Action":"*","Resource":"arn:aws:ecs:*"`, "ecs:RunTask", cluster, true},
		{"no ARN is the resource of an action that has none", `"Action":"*","Resource":"arn:aws:ecs:*:*:*"`, "ecs:ListClusters", "*", false},
		{"but the star is", `"Action":"*","Resource":"*"`, "ecs:ListClusters", "*", true},
		{"NotResource is all others", `"Action":"*","NotResource":"arn:aws:ecs:*:*:cluster/db"`, "ecs:RunTask", cluster, true},
		{"NotResource is not that", `"Action":"*","NotResource":"arn:aws:ecs:*:*:cluster/w*"`, "ecs:RunTask", cluster, false},
		{"a variable in a resource", `"Action":"*","Resource":"arn:aws:ecs:*:*:cluster/${aws:PrincipalTag/team}"`, "ecs:RunTask", cluster, true},
		{"a variable with another value", `"Action":"*","Resource":"arn:aws:ecs:*:*:cluster/${aws:username}"`, "ecs:RunTask", cluster, false},
		{"a variable without value", `"Action":"*","Resource":"arn:aws:ecs:*:*:cluster/*${aws:none}"`, "ecs:RunTask", cluster, false},
		{"a variable without value allows nothing by NotResource", `"Action":"*","NotResource":"arn:aws:ecs:*:*:cluster/${aws:none}"`, "ecs:RunTask", cluster, false},
		{"a default in a resource", `"Action":"*","Resource":"arn:aws:ecs:*:*:cluster/${aws:none, 'web'}"`, "ecs:RunTask", cluster, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := doc(t, Identity, `"Effect":"Allow",`+tt.members)
			if _, got := x.find(newQuestion(Request{Action: tt.action, Resource: tt.resource, Context: c}, false), false); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTheOldVersionKnowsNoVariables(t *testing.T) {
	d, err := Parse(Resource, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex(Named{Name: "p", Doc: d})
	for resource, want := range map[string]bool{"arn:aws:s3:::b/bob": false, "arn:aws:s3:::b/${aws:username}": true} {
		if _, got := x.find(newQuestion(Request{Action: "s3:GetObject", Resource: resource, Context: Context{"aws:username": {"bob"}}}, false), false); got != want {
			t.Errorf("%s: got %v", resource, got)
		}
	}
}

func TestGlobalKeys(t *testing.T) {
	c := app.Keys(Caller{Region: "us-east-1", Tags: map[string]string{"Team": "web"}})
	for key, want := range map[string]string{"aws:principalarn": role, "aws:principaltype": "AssumedRole", "aws:principalaccount": "111122223333",
		"aws:userid": "AROAAPP:s1", "aws:requestedregion": "us-east-1", "aws:principaltag/team": "web", "aws:principalisawsservice": "false"} {
		if got := c[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v", key, got)
		}
	}
	if got := bob.Keys(Caller{})["aws:username"]; len(got) != 1 || got[0] != "bob" {
		t.Errorf("aws:username: got %v", got)
	}
	if _, ok := app.Keys(Caller{})["aws:username"]; ok {
		t.Error("a role session has no aws:username")
	}
}
