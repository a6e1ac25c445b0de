package iam

import (
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/optable"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

var update = flag.Bool("update", false, "write docs/operations-iam.md anew")

func TestOperationsTable(t *testing.T) {
	w := start(t)
	optable.Table{Service: "iam", Title: "AWS Identity and Access Management", Client: reflect.TypeFor[*iam.Client](), Pascal: true,
		Ops: Service(w.store, Options{Vault: w.vault}).Ops, Known: known, Readers: []string{"api/iam"}, Why: why, Call: wire.Call{Scope: w.scope},
		Values: map[string][]string{
			"CreateServiceLinkedRole": {"AWSServiceName other than ecs.amazonaws.com"},
			"CreateAccessKey":         {"keys of the root user"},
		}, Tail: tail}.Check(t, *update)
}

// reasons say why operations are refused, by what their names have in them; the first that fits.
var reasons = []struct{ part, why string }{
	{"LoginProfile", "there is no console to sign in to"},
	{"Password", "there is no console to sign in to"},
	{"MFA", "there is no multi-factor authentication"},
	{"SAML", "there are no identity providers"},
	{"OpenID", "there are no identity providers"},
	{"WebIdentity", "there are no identity providers"},
	{"Certificate", "certificates are not kept in IAM"},
	{"SSHPublicKey", "there is no CodeCommit"},
	{"ServiceSpecificCredential", "there is no service with credentials of its own"},
	{"Organizations", "there are no organizations"},
	{"Delegation", "permissions are not delegated by request"},
	{"HumanReadable", "permissions are not delegated by request"},
	{"AcquireRole", "there are no role templates"},
	{"RoleTemplate", "there are no role templates"},
	{"Alias", "accounts have no aliases"},
	{"AccountProperties", "accounts have no properties"},
	{"LastAccessed", "which services were accessed is not recorded"},
	{"CredentialReport", "there are no reports"},
	{"GrantingServiceAccess", "there are no reports"},
	{"TokenServicePreferences", "session tokens have one version"},
}

func why(name string) string {
	for _, r := range reasons {
		if strings.Contains(name, r.part) {
			return r.why
		}
	}
	return ""
}

const tail = `
## What is different

- The policies of AWS that are here are those that ECS, Secrets Manager, Systems Manager parameters, CloudWatch Logs and IAM
  use, and AdministratorAccess and PowerUserAccess, each in the one version that AWS had when this Drydock was made.
  ReadOnlyAccess and others that AWS edits every week are not: a stale copy would not be true.
- When an access key or a role was last used is told at once, in whole minutes, with the region that the request was signed for. On AWS it
  takes hours. A daemon that is killed may lose the last minute of it. Execution roles, which read
  secrets and begin log streams, and the roles of flow logs are used by that; those in which log events go to destinations are not.
- Changes act at once; on AWS they take some seconds.
`
