package gate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecsapi "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbapi "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
)

// list calls ECS and STS and returns what each says.
func (w *world) list(c aws.Credentials) string {
	_, err := w.ecs(c).ListClusters(w.Context(), &ecsapi.ListClustersInput{})
	return told(err)
}

func (w *world) whoami(c aws.Credentials) string {
	out, err := w.sts(c).GetCallerIdentity(w.Context(), &stsapi.GetCallerIdentityInput{})
	if err != nil {
		return told(err)
	}
	return *out.Arn
}

const (
	bad      = "UnrecognizedClientException: The security token included in the request is invalid."
	badQuery = "InvalidClientTokenId: The security token included in the request is invalid."
)

func TestKeysThatWereNotIssued(t *testing.T) {
	for _, key := range []string{"test", "999988887777", "AKIAIOSFODNN7EXAMPLE"} {
		c := aws.Credentials{AccessKeyID: key, SecretAccessKey: "test"}
		w := newWorld(t, false)
		if got := w.whoami(c); !strings.HasSuffix(got, ":root") {
			t.Errorf("%s: %s", key, got)
		}
		w = newWorld(t, true)
		if got := w.list(c); got != bad {
			t.Errorf("strict, %s: %s", key, got)
		}
		if got := w.whoami(c); got != badQuery {
			t.Errorf("strict, %s: %s", key, got)
		}
	}
}

func TestStrictTakesNoUnsignedCalls(t *testing.T) {
	w := newWorld(t, true)
	for _, c := range []struct{ header, want string }{
		{"", "MissingAuthenticationTokenException"},
		{"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=00", "IncompleteSignatureException"},
		{"Bearer x", "IncompleteSignatureException"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url, strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters")
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		res := must(http.DefaultClient.Do(r))(t)
		if got := res.Header.Get("X-Amzn-Errortype"); got != c.want {
			t.Errorf("%q: %d %s, want %s", c.header, res.StatusCode, got, c.want)
		}
		_ = res.Body.Close()
	}
}

// TestAUserMayDoWhatItsPoliciesAllow is AWS's evaluation, seen through the services.
func TestAUserMayDoWhatItsPoliciesAllow(t *testing.T) {
	w := newWorld(t, true)
	admin := w.user("admin", policy(allow("*", "*")))
	for _, name := range []string{"web", "db"} {
		must(w.ecs(admin).CreateCluster(t.Context(), &ecsapi.CreateClusterInput{ClusterName: &name}))(t)
	}
	describe := func(cluster string) func(aws.Credentials) error {
		return func(c aws.Credentials) error {
			_, err := w.ecs(c).DescribeClusters(t.Context(), &ecsapi.DescribeClustersInput{Clusters: []string{cluster}})
			return err
		}
	}
	services := func(c aws.Credentials) error {
		_, err := w.ecs(c).ListServices(t.Context(), &ecsapi.ListServicesInput{Cluster: aws.String("web")})
		return err
	}
	groups := func(c aws.Credentials) error {
		_, err := w.elb(c).DescribeTargetGroups(t.Context(), &elbapi.DescribeTargetGroupsInput{})
		return err
	}
	const me = "User: arn:aws:iam::111122223333:user/u is not authorized to perform: "
	web, db := scope.ARN("ecs", "cluster/web"), scope.ARN("ecs", "cluster/db")
	inWeb := `{"Effect":"Allow","Action":"ecs:ListServices","Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"` + web + `"}}}`
	inDB := `{"Effect":"Allow","Action":"ecs:ListServices","Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"` + db + `"}}}`
	for _, c := range []struct {
		name, document string
		call           func(aws.Credentials) error
		want           string
	}{
		{"nothing is allowed unless something allows it", "", services,
			"AccessDeniedException: " + me + "ecs:ListServices on resource: * because no identity-based policy allows the ecs:ListServices action"},
		{"an action that is allowed", policy(allow("ecs:List*", "*")), services, "allowed"},
		{"a resource that is allowed", policy(allow("ecs:*", web)), describe("web"), "allowed"},
		{"by its ARN", policy(allow("ecs:*", web)), describe(web), "allowed"},
		{"another resource", policy(allow("ecs:*", web)), describe("db"),
			"AccessDeniedException: " + me + "ecs:DescribeClusters on resource: " + db + " because no identity-based policy allows the ecs:DescribeClusters action"},
		{"a denial goes before everything", policy(allow("*", "*") + "," + deny("ecs:Describe*", db)), describe("db"),
			"AccessDeniedException: " + me + "ecs:DescribeClusters on resource: " + db + " with an explicit deny in an identity-based policy: own, statement no"},
		{"and concerns nothing else", policy(allow("*", "*") + "," + deny("ecs:Describe*", db)), describe("web"), "allowed"},
		{"a condition that holds", policy(inWeb), services, "allowed"},
		{"a condition that does not", policy(inDB), services,
			"AccessDeniedException: " + me + "ecs:ListServices on resource: * because no identity-based policy allows the ecs:ListServices action"},
		{"query services have their own code", policy(allow("ecs:*", "*")), groups,
			"AccessDenied: " + me + "elasticloadbalancing:DescribeTargetGroups on resource: * because no identity-based policy allows the elasticloadbalancing:DescribeTargetGroups action"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := told(c.call(w.user("u", c.document))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestWhoNamesASecretHandsOnTheRoleThatReadsIt: that, and not what the secret allows, is asked for.
func TestWhoNamesASecretHandsOnTheRoleThatReadsIt(t *testing.T) {
	w := newWorld(t, true)
	role := w.role(model.Role{Name: "execution"}, policy(allow("secretsmanager:*", "*")))
	in := &ecsapi.RegisterTaskDefinitionInput{Family: aws.String("web"), ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{{
		Name: aws.String("web"), Image: aws.String("drydock/probe"), Memory: aws.Int32(64),
		Secrets: []types.Secret{{Name: aws.String("DB"), ValueFrom: aws.String(scope.ARN("secretsmanager", "secret:db-AbCdEf"))}}}}}
	for document, want := range map[string]string{policy(allow("ecs:*", "*")): "iam:PassRole on resource: " + role,
		policy(allow("ecs:*", "*") + "," + allow("iam:PassRole", role)): "allowed"} {
		if _, err := w.ecs(w.user("u", document)).RegisterTaskDefinition(t.Context(), in); !strings.Contains(told(err), want) {
			t.Errorf("got %s, want %s", told(err), want)
		}
	}
}

// TestAKeyTellsItsAccount, whether or not it is there: the account stands in it.
func TestAKeyTellsItsAccount(t *testing.T) {
	w := newWorld(t, true)
	u, nobody := w.user("u", policy(allow("sts:GetAccessKeyInfo", "*"))), w.user("nobody", "")
	for _, c := range []struct {
		rule string
		who  aws.Credentials
		key  string
		want string
	}{
		{"of this account", u, nobody.AccessKeyID, "allowed " + scope.Account},
		{"of another", u, ids.AccessKey("ASIA", "444455556666"), "allowed 444455556666"},
		{"one of AWS's", u, "AKIAIOSFODNN7EXAMPLE", "ValidationError: Drydock knows the account of an AccessKeyId only if it issued the key. "},
		{"what is no key", u, "AKIA-IOSFODNN7EXAMPLE", "ValidationError: 1 validation error detected: "},
		{"who may not ask", nobody, u.AccessKeyID, "AccessDenied: User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: sts:GetAccessKeyInfo"},
	} {
		out, err := w.sts(c.who).GetAccessKeyInfo(t.Context(), &stsapi.GetAccessKeyInfoInput{AccessKeyId: &c.key})
		got := told(err) + " "
		if err == nil {
			got += *out.Account
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
		}
	}
}
