package gate_test

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// TestWhoMaySubscribeToADestination is a user of another account than the destination's: both must agree.
func TestWhoMaySubscribeToADestination(t *testing.T) {
	w := newWorld(t, true)
	there := model.Scope{Account: "999988887777", Region: scope.Region}
	group, here, far := scope.ARN("logs", "log-group:g:*"), scope.LogDestinationARN("d"), there.LogDestinationARN("d")
	role := scope.IAM("role/sender")
	admit := func(policy string) {
		for _, sc := range []model.Scope{scope, there} {
			if err := w.store.Update(sc, func(tx *store.Tx) error {
				d := model.LogDestination{Name: "d", Tags: model.Tags{{Key: "team", Value: "web"}}}
				if sc == there {
					d.Policy = policy
				}
				store.LogDestinations.Put(tx, d)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	principal := func(arn string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + arn + `"},"Action":"logs:PutSubscriptionFilter","Resource":"` + far + `"}}`
	}
	const denied = "AccessDeniedException: User: arn:aws:iam::111122223333:user/u is not authorized to perform: "
	passes := func(with string) string {
		return `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"ArnLike":{"iam:AssociatedResourceArn":"` + scope.ARN("logs", with) + `"},
			"StringEquals":{"iam:PassedToService":"logs.amazonaws.com"}}}`
	}
	tagged := `{"Effect":"Allow","Action":"logs:*","Resource":"` + here + `","Condition":{"StringEquals":{"aws:ResourceTag/team":"web"}}}`
	for _, c := range []struct{ name, document, admits, to, role, want string }{
		{"neither", policy(allow("ecs:*", "*")), "", here, "", denied + "logs:PutSubscriptionFilter on resource: " + scope.ARN("logs", "log-group:g:log-stream:")},
		{"only the group", policy(allow("logs:*", group)), "", here, "", denied + "logs:PutSubscriptionFilter on resource: " + here},
		{"both", policy(allow("logs:*", group) + "," + allow("logs:*", here)), "", here, "", "ok"},
		{"by the destination's tags", policy(allow("logs:*", group) + "," + tagged), "", here, "", "ok"},
		{"a role that is not to be passed", policy(allow("logs:*", "*")), "", here, role, denied + "iam:PassRole on resource: " + role},
		{"a role that is", policy(allow("logs:*", "*") + "," + allow("iam:PassRole", role)), "", here, role, "ok"},
		{"one that is for another group", policy(allow("logs:*", "*") + "," + passes("log-group:other")), "", here, role, denied + "iam:PassRole on resource: " + role},
		{"one that is for this", policy(allow("logs:*", "*") + "," + passes("log-group:g")), "", here, role, "ok"},
		{"another account that says nothing", policy(allow("*", "*")), "", far, "", denied + "logs:PutSubscriptionFilter on resource: " + far + " because no resource-based policy allows"},
		{"one that admits somebody else", policy(allow("*", "*")), principal("444455556666"), far, "", denied},
		{"one that admits the account", policy(allow("*", "*")), principal("111122223333"), far, "", "ok"},
		{"and the user may not", policy(allow("logs:*", group)), principal("111122223333"), far, "", denied + "logs:PutSubscriptionFilter on resource: " + far},
	} {
		t.Run(c.name, func(t *testing.T) {
			admit(c.admits)
			in := &cloudwatchlogs.PutSubscriptionFilterInput{LogGroupName: new("g"), FilterName: new("f"), FilterPattern: new(""), DestinationArn: &c.to}
			if c.role != "" {
				in.RoleArn = &c.role
			}
			_, err := cloudwatchlogs.NewFromConfig(w.as(w.user("u", c.document))).PutSubscriptionFilter(t.Context(), in)
			got := told(err)
			if strings.HasPrefix(got, "ResourceNotFoundException: The specified log group") {
				got = "ok" // it got in
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
