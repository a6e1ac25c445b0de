package policy

import "testing"

const (
	user    = "arn:aws:iam::111122223333:user/team/bob"
	role    = "arn:aws:iam::111122223333:role/app"
	session = "arn:aws:sts::111122223333:assumed-role/app/s1"
	secret  = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
	foreign = "arn:aws:secretsmanager:us-east-1:999988887777:secret:db-AbCdEf"
	read    = "secretsmanager:GetSecretValue"
)

var (
	bob  = Principal{Account: "111122223333", ARN: user, ID: "AIDABOB"}
	app  = Principal{Account: "111122223333", ARN: session, Role: role, ID: "AROAAPP:s1"}
	root = Principal{Account: "111122223333", ARN: "arn:aws:iam::111122223333:root", ID: "111122223333"}
	svc  = Principal{Service: "ecs-tasks.amazonaws.com"}
)

// doc parses a document whose only statement has the members.
func doc(t testing.TB, kind Kind, members string) *Index {
	t.Helper()
	if members == "" {
		return nil
	}
	d, err := Parse(kind, `{"Version":"2012-10-17","Statement":[{`+members+`}]}`)
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return NewIndex(Named{Name: "p", Doc: d})
}

const (
	allow   = `"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"`
	deny    = `"Effect":"Deny","Action":"secretsmanager:Get*","Resource":"*"`
	other   = `"Effect":"Allow","Action":"ecs:*","Resource":"*"`
	toUser  = allow + `,"Principal":{"AWS":"` + user + `"}`
	toRole  = allow + `,"Principal":{"AWS":"` + role + `"}`
	toS1    = allow + `,"Principal":{"AWS":"` + session + `"}`
	toAll   = allow + `,"Principal":"*"`
	toAcct  = allow + `,"Principal":{"AWS":"111122223333"}`
	denyAll = deny + `,"Principal":"*"`
	trustEC = `"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs-tasks.amazonaws.com"}`
)

// The rows are those of AWS's evaluation logic.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func TestEvaluationLogic(t *testing.T) {
	const no = "User: "
	tail := func(who, kind string) string {
		return no + who + " is not authorized to perform: " + read + " on resource: " + secret + " because no " + kind + " allows the " + read + " action"
	}
	denied := func(who, kind string) string {
		return no + who + " is not authorized to perform: " + read + " on resource: " + secret + " with an explicit deny in " + kind
	}
	for _, tt := range []struct {
		name                      string
		who                       Principal
		identity, bound, sess, on string
		resource                  string
		want                      string // "" is allowed
	}{
		{"nothing allows: denied", bob, "", "", "", "", secret, tail(user, "identity-based policy")},
		{"another action is allowed: denied", bob, other, "", "", "", secret, tail(user, "identity-based policy")},
		{"an identity policy allows", bob, allow, "", "", "", secret, ""},
		{"an explicit deny in an identity policy", bob, deny, "", "", "", secret, denied(user, "an identity-based policy")},
		{"an explicit deny in an identity policy beats the resource's allow", bob, deny, "", "", toUser, secret, denied(user, "an identity-based policy")},
		{"an explicit deny in the resource's policy beats identity", bob, allow, "", "", denyAll, secret, denied(user, "a resource-based policy")},
		{"an explicit deny in the boundary", bob, allow, deny, "", "", secret, denied(user, "a permissions boundary")},
		{"an explicit deny in a session policy", app, allow, "", deny, "", secret, denied(session, "a session policy")},
		{"the boundary does not allow", bob, allow, other, "", "", secret, tail(user, "permissions boundary")},
		{"the boundary alone gives nothing", bob, "", allow, "", "", secret, tail(user, "identity-based policy")},
		{"identity and boundary allow", bob, allow, allow, "", "", secret, ""},
		{"the session policy does not allow", app, allow, "", other, "", secret, tail(session, "session policy")},
		{"the session policy alone gives nothing", app, "", "", allow, "", secret, tail(session, "identity-based policy")},
		{"identity, boundary and session allow", app, allow, allow, allow, "", secret, ""},
		{"the resource names the user: no identity policy needed", bob, "", "", "", toUser, secret, ""},
		{"the resource names the user: the boundary does not limit it", bob, "", other, "", toUser, secret, ""},
		{"the resource names the role: no identity policy needed", app, "", "", "", toRole, secret, ""},
		{"the resource names the role: the boundary limits it", app, "", other, "", toRole, secret, tail(session, "permissions boundary")},
		{"the resource names the role: the session policy limits it", app, "", "", other, toRole, secret, tail(session, "session policy")},
		{"the resource names the session: nothing limits it", app, "", other, other, toS1, secret, ""},
		{"the resource names everybody", app, "", other, other, toAll, secret, ""},
		{"the resource names the account: identity must allow", bob, "", "", "", toAcct, secret, tail(user, "identity-based policy")},
		{"the resource names the account and identity allows", bob, allow, "", "", toAcct, secret, ""},
		{"the resource names somebody else", bob, "", "", "", toRole, secret, tail(user, "identity-based policy")},
		{"the root may do everything", root, "", "", "", "", secret, ""},
		{"the root is denied by the resource's policy", root, "", "", "", denyAll, secret, denied(root.ARN, "a resource-based policy")},
		{"another account's resource: both must allow", bob, allow, "", "", toUser, foreign, ""},
		{"another account's resource: its policy may name the account", bob, allow, "", "", toAcct, foreign, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := Policies{Identity: doc(t, Identity, tt.identity), Boundary: doc(t, Boundary, tt.bound),
				Session: doc(t, Session, tt.sess), Resource: doc(t, Resource, tt.on)}
			d := ps.Evaluate(Request{Principal: tt.who, Action: read, Resource: tt.resource})
			switch {
			case d.Allowed && tt.want != "":
				t.Errorf("allowed (%s), want: %s", d.Why(), tt.want)
			case !d.Allowed && d.Message() != tt.want:
				t.Errorf("got  %s\nwant %s", d.Message(), tt.want)
			}
		})
	}
}

func TestAnotherAccount(t *testing.T) {
	for _, tt := range []struct{ name, identity, on, want string }{
		{"only identity allows", allow, "", "because no resource-based policy allows the " + read + " action"},
		{"only the resource allows", "", toUser, "because no identity-based policy allows the " + read + " action"},
		{"neither allows", "", "", "because no identity-based policy allows the " + read + " action"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := Policies{Identity: doc(t, Identity, tt.identity), Resource: doc(t, Resource, tt.on)}
			d := ps.Evaluate(Request{Principal: bob, Action: read, Resource: foreign})
			if want := "User: " + user + " is not authorized to perform: " + read + " on resource: " + foreign + " " + tt.want; d.Allowed || d.Message() != want {
				t.Errorf("got  %s\nwant %s", d.Message(), want)
			}
		})
	}
	ps := Policies{Identity: doc(t, Identity, `"Effect":"Allow","Action":"iam:*","Resource":"*"`)}
	if d := ps.Evaluate(Request{Principal: bob, Action: "iam:GetPolicy", Resource: "arn:aws:iam::aws:policy/AdministratorAccess"}); !d.Allowed {
		t.Error("the policies of AWS are of another account")
	}
	ps = Policies{}
	if d := ps.Evaluate(Request{Principal: root, Action: read, Resource: foreign}); d.Allowed {
		t.Error("the root of one account is allowed in another")
	}
}

func TestTrust(t *testing.T) {
	const target = "arn:aws:iam::111122223333:role/target"
	assume := `"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + target + `"`
	trust := func(who string) string { return `"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + who }
	for _, tt := range []struct {
		name            string
		who             Principal
		trust, identity string
		want            string
	}{
		{"a service that is trusted", svc, trustEC, "", ""},
		{"a service that is not", Principal{Service: "ec2.amazonaws.com"}, trustEC, "", "because no role trust policy allows the sts:AssumeRole action"},
		{"a user that is named needs no policy", bob, trust(`{"AWS":"` + user + `"}`), "", ""},
		{"a user of an account that is named needs one", bob, trust(`{"AWS":"111122223333"}`), "", "because no identity-based policy allows the sts:AssumeRole action"},
		{"and has one", bob, trust(`{"AWS":"arn:aws:iam::111122223333:root"}`), assume, ""},
		{"a user that is named by its unique id", Principal{Account: bob.Account, ARN: user, ID: "AIDAQWERTYUIOPASDFGH1"}, trust(`{"AWS":"AIDAQWERTYUIOPASDFGH1"}`), "", ""},
		{"a session of a role that is named by its unique id", Principal{Account: bob.Account, ARN: session, Role: role, ID: "AROAQWERTYUIOPASDFGH1:s1"}, trust(`{"AWS":"AROAQWERTYUIOPASDFGH1"}`), "", ""},
		{"a user made anew has another id", Principal{Account: bob.Account, ARN: user, ID: "AIDAQWERTYUIOPASDFGH2"}, trust(`{"AWS":"AIDAQWERTYUIOPASDFGH1"}`), assume, "because no role trust policy allows the sts:AssumeRole action"},
		{"a policy without trust is nothing", bob, trustEC, assume, "because no role trust policy allows the sts:AssumeRole action"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := Policies{Trust: doc(t, Trust, tt.trust), Identity: doc(t, Identity, tt.identity)}
			d := ps.Evaluate(Request{Principal: tt.who, Action: "sts:AssumeRole", Resource: target})
			if d.Allowed != (tt.want == "") {
				t.Errorf("allowed=%v: %s", d.Allowed, d.Why())
			}
			who := tt.who.ARN + tt.who.Service
			if want := "User: " + who + " is not authorized to perform: sts:AssumeRole on resource: " + target + " " + tt.want; !d.Allowed && d.Message() != want {
				t.Errorf("got  %s\nwant %s", d.Message(), want)
			}
		})
	}
}

func TestADecisionNamesItsStatement(t *testing.T) {
	d, err := Parse(Identity, `{"Version":"2012-10-17","Statement":[{`+other+`},{"Sid":"Reads",`+allow+`},{`+deny+`,"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	ps := Policies{Identity: NewIndex(Named{Name: "inline", Doc: d})}
	r := Request{Principal: bob, Action: read, Resource: secret, Context: Context{}}
	if got := ps.Evaluate(r); !got.Allowed || got.Statement.Sid != "Reads" || got.Statement.From != (Position{1, 89}) || got.Why() != "allowed by an identity-based policy: inline, statement Reads" {
		t.Errorf("got %+v, %s", got.Statement, got.Why())
	}
	r.Context.Set("aws:SecureTransport", "false")
	if got := ps.Evaluate(r); got.Allowed || got.Statement.Index != 2 || got.Why() != "denied by an identity-based policy: inline, statement 3" {
		t.Errorf("got %+v, %s", got.Statement, got.Why())
	}
	if all := ps.Identity.Matched(r); len(all) != 2 || !all[0].Deny || all[1].Sid != "Reads" {
		t.Errorf("matched %+v", all)
	}
}

func TestNotPrincipal(t *testing.T) {
	on := deny + `,"NotPrincipal":{"AWS":"` + user + `"}`
	for _, tt := range []struct {
		name    string
		who     Principal
		bound   string
		allowed bool
	}{
		{"who is named is not denied", bob, "", true},
		{"who is not named is", app, "", false},
		{"nor does it help who has a boundary", bob, allow, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ps := Policies{Identity: doc(t, Identity, allow), Boundary: doc(t, Boundary, tt.bound), Resource: doc(t, Resource, on)}
			if d := ps.Evaluate(Request{Principal: tt.who, Action: read, Resource: secret}); d.Allowed != tt.allowed {
				t.Errorf("got %s", d.Why())
			}
		})
	}
}
