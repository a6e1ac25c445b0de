package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// aUser is credentials that calls of aws are made with.
type aUser struct {
	d   *daemon
	env []string
}

// user makes a user with an inline policy and an access key, as the README does.
func (d *daemon) user(name, document string) aUser {
	d.t.Helper()
	d.aws("iam", "create-user", "--user-name", name)
	if document != "" {
		d.aws("iam", "put-user-policy", "--user-name", name, "--policy-name", "own", "--policy-document", document)
	}
	return d.with(d.aws("iam", "create-access-key", "--user-name", name, "--query", "AccessKey.[AccessKeyId,SecretAccessKey,'']", "--output", "text"))
}

// with takes an id, a secret and a session token that aws printed.
func (d *daemon) with(text string) aUser {
	d.t.Helper()
	f := append(strings.Fields(text), "", "", "")
	env := append(d.awsEnv(), "AWS_ACCESS_KEY_ID="+f[0], "AWS_SECRET_ACCESS_KEY="+f[1])
	if f[2] != "" {
		env = append(env, "AWS_SESSION_TOKEN="+f[2])
	}
	return aUser{d, env}
}

// says runs aws and returns what it printed, errors too.
func (u aUser) says(args ...string) string {
	cmd := exec.CommandContext(u.d.t.Context(), "aws", append([]string{"--endpoint-url", "http://" + u.d.addr}, args...)...)
	cmd.Env = u.env
	out, _ := cmd.CombinedOutput()
	return strings.TrimSpace(string(out))
}

// wants fails unless what aws says holds a text.
func (u aUser) wants(text string, args ...string) {
	u.d.t.Helper()
	if got := u.says(args...); !strings.Contains(got, text) {
		u.d.t.Errorf("aws %s: %q, want %q", strings.Join(args, " "), got, text)
	}
}

// TestCallersAreKnownAndAskedFor is the story of docs/identity.md: two users, a role, a denial, and a
// daemon that takes nobody else.
func TestCallersAreKnownAndAskedFor(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	const lists = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"}]}`
	const most = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecs:*","sts:AssumeRole"],"Resource":"*"},
		{"Sid":"KeepDefault","Effect":"Deny","Action":"ecs:DeleteCluster","Resource":"arn:aws:ecs:*:*:cluster/default"}]}`
	lister, deployer := d.user("lister", lists), d.user("deployer", most)
	role := d.aws("iam", "create-role", "--role-name", "reader", "--query", "Role.Arn", "--output", "text", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`)
	d.aws("iam", "put-role-policy", "--role-name", "reader", "--policy-name", "read", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecs:List*","ecs:Describe*"],"Resource":"*"}]}`)
	auditor := d.user("auditor", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetAccessKeyLastUsed","iam:GetRole"],"Resource":"*"}]}`)
	id, _, _ := strings.Cut(keys(lister), " ")
	used := []string{"iam", "get-access-key-last-used", "--access-key-id", id, "--query", "[UserName,AccessKeyLastUsed.[ServiceName,Region]][]", "--output", "text"}
	auditor.wants("lister\tN/A\tN/A", used...)
	lister.wants("cluster/default", "ecs", "list-clusters")
	auditor.wants("lister\tecs\tus-east-1", used...)
	d.stop()
	d.args = append(d.args, "--auth", "strict")
	d.serve()

	auditor.wants("lister\tecs\tus-east-1", used...)
	lister.wants("user/lister", "sts", "get-caller-identity")
	lister.wants("cluster/default", "ecs", "list-clusters")
	lister.wants("(AccessDeniedException) when calling the DescribeClusters operation: User: arn:aws:iam::000000000000:user/lister is not authorized to perform: "+
		"ecs:DescribeClusters on resource: arn:aws:ecs:us-east-1:000000000000:cluster/default because no identity-based policy allows the ecs:DescribeClusters action",
		"ecs", "describe-clusters")
	lister.wants("(UnauthorizedOperation)", "ec2", "describe-instances")
	lister.wants("(AccessDenied)", "iam", "list-users")
	lister.wants("(AccessDenied)", "sts", "assume-role", "--role-arn", role, "--role-session-name", "s1")

	deployer.wants("container-instance/default/", "ecs", "list-container-instances", "--filter", "agentConnected==true") // it has a role
	deployer.wants("cluster/shop", "ecs", "create-cluster", "--cluster-name", "shop")
	deployer.wants("with an explicit deny in an identity-based policy: own, statement KeepDefault", "ecs", "delete-cluster", "--cluster", "default")
	deployer.wants("user/deployer", "ecs", "register-task-definition", "--family", "web", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64}]`, "--query", "taskDefinition.registeredBy")
	session := d.with(deployer.says("sts", "assume-role", "--role-arn", role, "--role-session-name", "s1",
		"--query", "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]", "--output", "text"))
	session.wants("assumed-role/reader/s1", "sts", "get-caller-identity")
	session.wants("cluster/shop", "ecs", "list-clusters")
	session.wants("(AccessDeniedException)", "ecs", "delete-cluster", "--cluster", "shop")
	auditor.wants("us-east-1", "iam", "get-role", "--role-name", "reader", "--query", "Role.RoleLastUsed.Region")

	wrong := d.with(strings.Replace(keys(deployer), " ", " x", 1))
	wrong.wants("(InvalidSignatureException)", "ecs", "list-clusters")
	wrong.wants("(SignatureDoesNotMatch)", "sts", "get-caller-identity")
	wrong.wants("(AuthFailure)", "ec2", "describe-instances")
	test := d.with("test test")
	adding := exec.CommandContext(t.Context(), binary, "instance", "add")
	adding.Env = append(test.env, "DRYDOCK_ENDPOINT=http://"+d.addr)
	if out, err := adding.CombinedOutput(); err == nil || !strings.Contains(string(out), "(AuthFailure)") {
		t.Errorf("drydock instance add: %v, %s", err, out)
	}
	test.wants("(UnrecognizedClientException) when calling the ListClusters operation: The security token included in the request is invalid.", "ecs", "list-clusters")
	test.wants("(InvalidClientTokenId)", "sts", "get-caller-identity")
}

// keys are the id and the secret of u.
func keys(u aUser) string {
	get := func(name string) string {
		for i := len(u.env) - 1; i >= 0; i-- {
			if v, ok := strings.CutPrefix(u.env[i], name+"="); ok {
				return v
			}
		}
		return ""
	}
	return get("AWS_ACCESS_KEY_ID") + " " + get("AWS_SECRET_ACCESS_KEY")
}
