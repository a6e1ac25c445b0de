package gate_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// launching is a call of RunInstances.
func launching(image string) protocol {
	body := url.Values{"Action": {"RunInstances"}, "Version": {"2016-11-15"}, "ImageId": {image}, "MinCount": {"1"}, "MaxCount": {"1"}}.Encode()
	return protocol{service: "ec2", body: body, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
}

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
			got := w.told(w.signed(launching(c.image), w.user("u", c.document), signing{}))
			if denied := strings.HasPrefix(got, "403 ") || strings.HasSuffix(got, "SsmAccessDenied"); c.want != "" && got != c.want || c.want == "" && denied {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestADenialTellsNoParameter that is not kept as an image's id, though it looks like one.
func TestADenialTellsNoParameter(t *testing.T) {
	w := newWorld(t, true)
	if err := w.store.Update(scope, func(tx *store.Tx) error {
		for name, kind := range map[string]string{"/secret": "", "/image": model.DataTypeImage} {
			v := model.ParameterVersion{Parameter: name, Version: 1, Type: "String", DataType: kind}
			v.Value = w.vault.Seal(secrets.ParameterPlace(scope, v), []byte("ami-hunter2"))
			store.Parameters.Put(tx, model.Parameter{Name: name, Version: 1})
			store.ParameterVersions.Put(tx, v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c := w.user("u", policy(allow("ecs:*", "*")))
	u := w.user("v", policy(allow("ec2:RunInstances", "arn:aws:ec2:*:*:*/*")+","+deny("ec2:RunInstances", "arn:aws:ec2:*::image/*")))
	for _, who := range []aws.Credentials{c, u} {
		for parameter, told := range map[string]bool{"/secret": false, "/image": true} {
			err := w.ec2(who, strings.TrimSuffix(launching("resolve:ssm:"+parameter).body, "&Version=2016-11-15"))
			if got := fmt.Sprint(err); !strings.Contains(got, "UnauthorizedOperation") || !told && strings.Contains(got, "hunter2") {
				t.Errorf("%s: %s", parameter, got)
			}
		}
	}
}
