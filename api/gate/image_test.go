package gate_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

// TestWhoNamesAnImageByAParameterMustBeAllowedToReadIt, and to launch the image that it names.
func TestWhoNamesAnImageByAParameterMustBeAllowedToReadIt(t *testing.T) {
	w := newWorld(t, true)
	const name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
	image := func(id string) string { return allow("ec2:RunInstances", "arn:aws:ec2:eu-central-1::image/"+id) }
	others := allow("ec2:RunInstances", "arn:aws:ec2:eu-central-1:"+scope.Account+":*")
	reading := allow("ssm:GetParameters", "arn:aws:ssm:eu-central-1::parameter/aws/service/*")
	for _, c := range []struct{ rule, image, document, want string }{
		{"no permission to read", "resolve:ssm:" + name, policy(allow("ec2:*", "*")), "400 SsmAccessDenied"},
		{"none is needed for an id", "ami-0000000000000000a", policy(allow("ec2:*", "*")), ""},
		{"the permission", "resolve:ssm:" + name, policy(allow("ec2:*", "*") + "," + reading), ""},
		{"that for the account's own does not do", "resolve:ssm:" + name, policy(allow("ec2:*", "*") + "," + allow("ssm:GetParameters", scope.ARN("ssm", "*"))), "400 SsmAccessDenied"},
		{"one's own parameter", "resolve:ssm:/golden:1", policy(allow("ec2:*", "*") + "," + allow("ssm:GetParameters", scope.ARN("ssm", "parameter/golden"))), ""},
		{"the image is the one that is named", "resolve:ssm:" + name, policy(image(model.PublicImage(name)) + "," + others + "," + reading), ""},
		{"another image may be launched", "resolve:ssm:" + name, policy(image("ami-0000000000000000a") + "," + others + "," + reading), "403 UnauthorizedOperation"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			body := url.Values{"Action": {"RunInstances"}, "Version": {"2016-11-15"}, "ImageId": {c.image}, "MinCount": {"1"}, "MaxCount": {"1"}}.Encode()
			p := protocol{service: "ec2", body: body, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
			got := w.told(w.signed(p, w.user("u", c.document), signing{}))
			if denied := strings.HasPrefix(got, "403 ") || strings.HasSuffix(got, "SsmAccessDenied"); c.want != "" && got != c.want || c.want == "" && denied {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
