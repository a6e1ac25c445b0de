package control

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

const (
	forEC2  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	agents  = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
	denied  = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/Machine/i-1 is not authorized to perform: "
	cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/demo"
)

func statement(effect, action, resource, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"` + more + `}]}`
}

// machine puts the role Machine, changed, into the profile machines.
func (w *world) machine(change func(*model.Role)) {
	w.Helper()
	w.do(func(tx *store.Tx) {
		tx = tx.In(here.Global())
		r := model.Role{Name: "Machine", Path: "/", ID: "AROAMACHINE", Trust: forEC2}
		change(&r)
		store.Roles.Put(tx, r)
		store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "machines", Path: "/", ID: "AIPAM", Role: r.Name})
	})
}

func attached(arns ...string) func(*model.Role) {
	return func(r *model.Role) { r.Attached = arns }
}

func inline(documents ...string) func(*model.Role) {
	return func(r *model.Role) {
		for i, d := range documents {
			r.Inline = append(r.Inline, model.Inline{Name: string(rune('a' + i)), Document: d})
		}
	}
}

// outside is why i-1 is in no cluster; "in" if it is in one, and "away: …" if ECS refuses its agent.
func (w *world) outside() (why string) {
	w.do(func(tx *store.Tx) {
		i, _ := store.Instances.Get(tx, "i-1")
		why = i.Refused
		for ci := range store.ContainerInstancesByEC2.Each(tx, i.ID) {
			if why != "" {
				w.Errorf("it has registered and has not: %s", why)
			}
			if why = "in"; ci.Refused != "" {
				why = "away: " + strings.ReplaceAll(ci.Refused, ci.ID, "ID")
			}
		}
		if i.State != "running" {
			w.Errorf("it is %s", i.State)
		}
	})
	return why
}

func TestWhoMayRegister(t *testing.T) {
	const nobody = "get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed"
	const bounds = "arn:aws:iam::000000000000:policy/bounds"
	register := statement("Allow", "ecs:RegisterContainerInstance", cluster, "")
	serve := statement("Allow", "ecs:*", "*", "")
	for _, c := range []struct {
		rule, profile string
		strict, off   bool // off: nobody answers at 169.254.169.254
		role          func(*model.Role)
		config        string // in the user data
		want          string
	}{
		{rule: "without a profile the agent is the root", want: "in"},
		{rule: "which strict has not", strict: true, want: nobody},
		{rule: "a profile that is gone", profile: "none", want: nobody},
		{rule: "a profile without a role", profile: "empty", want: nobody},
		{rule: "no metadata, no credentials", profile: "machines", off: true, role: attached(agents), want: strings.Replace(nobody, "404", "403", 1)},
		{rule: "AWS's policy", profile: "machines", strict: true, role: attached(agents), want: "in"},
		{rule: "by the ARN of the profile", profile: "arn:aws:iam::000000000000:instance-profile/machines", role: attached(agents), want: "in"},
		{rule: "no policy", profile: "machines", role: attached(),
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action"},
		{rule: "a policy for another cluster", profile: "machines", role: inline(statement("Allow", "ecs:*", cluster+"2", "")),
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action"},
		{rule: "an explicit deny", profile: "machines", role: inline(serve, statement("Deny", "ecs:Register*", "*", "")),
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " with an explicit deny in an identity-based policy"},
		{rule: "a boundary", profile: "machines", role: func(r *model.Role) { r.Boundary = bounds; attached(agents)(r) },
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no permissions boundary allows the ecs:RegisterContainerInstance action"},
		{rule: "a role that trusts others", profile: "machines", role: func(r *model.Role) { r.Trust = strings.Replace(forEC2, "ec2", "ecs-tasks", 1); attached(agents)(r) },
			want: "get credentials: failed to refresh cached credentials, failed to get Machine EC2 IMDS role credentials, api error AssumeRoleUnauthorizedAccess: EC2 cannot assume the role Machine." + identity.TroubleWithEC2},
		{rule: "a tag of the cluster", profile: "machines", role: inline(serveIf("aws:ResourceTag/team", "red")), want: "in"},
		{rule: "another tag", profile: "machines", role: inline(serveIf("ecs:ResourceTag/team", "blue")),
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action"},
		{rule: "tags need the tagging too", profile: "machines", role: inline(register), config: `ECS_CONTAINER_INSTANCE_TAGS={"a":"b"}`,
			want: denied + "ecs:TagResource on resource: arn:aws:ecs:us-east-1:000000000000:container-instance/demo/* because no identity-based policy allows the ecs:TagResource action"},
		{rule: "which AWS's policy lets", profile: "machines", role: attached(agents), config: `ECS_CONTAINER_INSTANCE_TAGS={"a":"b"}`, want: "in"},
		{rule: "the tags that are asked for", profile: "machines", role: inline(serveIf("aws:RequestTag/a", "c")), config: `ECS_CONTAINER_INSTANCE_TAGS={"a":"b"}`,
			want: denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action"},
		{rule: "the tags of EC2 are looked at", profile: "machines", role: inline(serve), config: "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=ec2_instance",
			want: denied + "ec2:DescribeTags on resource: * because no identity-based policy allows the ec2:DescribeTags action"},
		{rule: "registering alone is not enough to serve", profile: "machines", role: inline(register),
			want: "away: " + denied + "ecs:DiscoverPollEndpoint on resource: * because no identity-based policy allows the ecs:DiscoverPollEndpoint action"},
		{rule: "nor is polling another", profile: "machines", role: inline(register, statement("Allow", "ecs:DiscoverPollEndpoint", "*", ""), statement("Allow", "ecs:Poll", "*", `,"Condition":{"ArnEquals":{"ecs:cluster":"`+cluster+`2"}}`)),
			want: "away: " + denied + "ecs:Poll on resource: arn:aws:ecs:us-east-1:000000000000:container-instance/demo/ID because no identity-based policy allows the ecs:Poll action"},
		{rule: "nor is what cannot tell", profile: "machines", role: inline(serve, statement("Deny", "ecs:SubmitTaskStateChange", "*", "")),
			want: "away: " + denied + "ecs:SubmitTaskStateChange on resource: " + cluster + " with an explicit deny in an identity-based policy"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			scenario(t, func(w *world) {
				w.c.Strict = c.strict
				if c.role != nil {
					w.machine(c.role)
				}
				w.do(func(tx *store.Tx) {
					store.InstanceProfiles.Put(tx.In(here.Global()), model.InstanceProfile{Name: "empty", Path: "/"})
					store.ManagedPolicies.Put(tx.In(here.Global()), managedPolicy("bounds", statement("Allow", "s3:*", "*", "")))
					store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE", Tags: model.Tags{{Key: "team", Value: "red"}}})
				})
				w.profile = c.profile
				w.config, w.off = c.config, c.off
				w.instance("i-1", "us-east-1a")
				w.after(time.Second)
				if got := w.outside(); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

func serveIf(key, value string) string {
	return statement("Allow", "ecs:*", "*", `,"Condition":{"StringEqualsIfExists":{"`+key+`":"`+value+`"}}`)
}

func managedPolicy(name, document string) model.ManagedPolicy {
	return model.ManagedPolicy{Name: name, Path: "/", Default: "v1", Versions: []model.PolicyVersion{{ID: "v1", Document: document}}}
}

// TestAnAgentTriesAgain: whatever decides may change, and is looked at once it did.
func TestAnAgentTriesAgain(t *testing.T) {
	const own = "arn:aws:iam::000000000000:policy/own"
	iam := func(fn func(*store.Tx)) func(*world) {
		return func(w *world) { w.do(func(tx *store.Tx) { fn(tx.In(here.Global())) }) }
	}
	policyOf := func(document string) func(*world) {
		return iam(func(tx *store.Tx) { store.ManagedPolicies.Put(tx, managedPolicy("own", document)) })
	}
	give := func(profile string) func(*world) {
		return func(w *world) {
			w.do(func(tx *store.Tx) {
				i, _ := store.Instances.Get(tx, "i-1")
				i.Launch.Profile = profile
				store.Instances.Put(tx, i)
			})
		}
	}
	everything := statement("Allow", "*", "*", "")
	for _, c := range []struct {
		rule          string
		before, after func(*world)
	}{
		{"a policy is attached", func(w *world) { w.machine(attached()) }, func(w *world) { w.machine(attached(agents)) }},
		{"a policy of the account has another version", func(w *world) { w.machine(attached(own)); policyOf(statement("Allow", "s3:*", "*", ""))(w) }, policyOf(everything)},
		{"so has a boundary", func(w *world) {
			w.machine(func(r *model.Role) { r.Boundary = own; attached(agents)(r) })
			policyOf(statement("Deny", "*", "*", ""))(w)
		}, policyOf(everything)},
		{"the profile gets a role", func(w *world) {
			w.machine(attached(agents))
			iam(func(tx *store.Tx) { store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "machines", Path: "/"}) })(w)
		}, func(w *world) { w.machine(attached(agents)) }},
		{"the role comes to be", iam(func(tx *store.Tx) {
			store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "machines", Role: "Machine"})
		}),
			func(w *world) { w.machine(attached(agents)) }},
		{"the instance gets another profile", func(w *world) { w.machine(attached(agents)); w.profile = "none" }, give("machines")},
		{"a registered one is tagged", func(w *world) {
			w.machine(inline(statement("Allow", "ecs:*", "*", ""), statement("Deny", "ecs:Poll", "*", `,"Condition":{"StringNotEquals":{"ecs:ResourceTag/team":"red"}}`)))
		}, func(w *world) {
			w.do(func(tx *store.Tx) {
				for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
					ci.Tags = model.Tags{{Key: "team", Value: "red"}}
					store.ContainerInstances.Put(tx, ci)
				}
			})
		}},
		{"so is the cluster of a registered one", func(w *world) {
			w.machine(inline(statement("Allow", "ecs:*", "*", ""), statement("Deny", "ecs:Submit*", "*", `,"Condition":{"StringNotEquals":{"aws:ResourceTag/team":"red"}}`)))
		}, func(w *world) {
			w.do(func(tx *store.Tx) {
				c, _ := store.Clusters.Get(tx, "demo")
				c.Tags = model.Tags{{Key: "team", Value: "red"}}
				store.Clusters.Put(tx, c)
			})
		}},
		{"metadata is switched on", func(w *world) { w.machine(attached(agents)); w.off = true }, func(w *world) {
			w.do(func(tx *store.Tx) {
				i, _ := store.Instances.Get(tx, "i-1")
				i.Launch.Metadata.Off = false
				store.Instances.Put(tx, i)
			})
		}},
		{"the cluster gets a tag", func(w *world) {
			w.machine(inline(statement("Allow", "ecs:*", "*", `,"Condition":{"StringLike":{"aws:ResourceTag/team":"*"}}`), statement("Allow", "ecs:Discover*", "*", ""), statement("Allow", "ecs:Poll", "*", "")))
		},
			func(w *world) {
				w.do(func(tx *store.Tx) {
					store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE", Tags: model.Tags{{Key: "team", Value: "red"}}})
				})
			}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			scenario(t, func(w *world) {
				w.profile = "machines"
				c.before(w)
				w.instance("i-1", "us-east-1a")
				w.after(time.Hour)
				if got := w.outside(); got == "in" || got == "" {
					t.Fatalf("at first: %q", got)
				}
				c.after(w)
				w.after(time.Second)
				if got := w.outside(); got != "in" {
					t.Errorf("then: %s", got)
				}
			})
		})
	}
}

// TestWhatIsToldOfAgents: each change is told once, and a settled state asks nothing and writes nothing. Of one that
// was deregistered there is nothing to tell.
func TestWhatIsToldOfAgents(t *testing.T) {
	scenario(t, func(w *world) {
		w.profile = "machines"
		w.machine(attached())
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.machine(func(r *model.Role) { r.Description = "of no consequence" })
		w.after(time.Second)
		w.machine(attached(agents))
		w.after(time.Second)
		w.machine(func(r *model.Role) { attached(agents)(r); inline(statement("Deny", "ecs:Poll", "*", ""))(r) })
		w.after(time.Second)
		w.machine(attached(agents))
		w.after(time.Second)
		before := w.s.Commits()
		w.after(24 * time.Hour)
		if n := w.s.Commits() - before; n != 0 {
			w.Errorf("%d commits in a settled state", n)
		}
		w.machine(attached())
		w.after(time.Second)
		w.do(func(tx *store.Tx) { // by force
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				ci.Status = "INACTIVE"
				store.ContainerInstances.Put(tx, ci)
			}
		})
		w.after(time.Second)
		var got []string
		w.do(func(tx *store.Tx) {
			for e := range store.Events.From(tx, model.EventPrefix("instance", "demo", "i-1"), "") {
				got = append(got, random.ReplaceAllString(e.Message, "ID"))
			}
		})
		want := []string{
			"(instance i-1) has not registered with cluster demo: Unable to register as a container instance with ECS: " + denied + "ecs:RegisterContainerInstance on resource: " + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action.",
			"(instance i-1) has registered with cluster demo as (container-instance ID).",
			"(instance i-1) ECS refuses the agent of (container-instance ID), which is disconnected: " + denied + "ecs:Poll on resource: arn:aws:ecs:us-east-1:000000000000:container-instance/demo/ID with an explicit deny in an identity-based policy.",
			"(instance i-1) ECS does not refuse the agent of (container-instance ID) any more.",
			"(instance i-1) ECS refuses the agent of (container-instance ID), which is disconnected: " + denied + "ecs:DiscoverPollEndpoint on resource: * because no identity-based policy allows the ecs:DiscoverPollEndpoint action.",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			w.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestAnAgentIsSeenAtItsRole(t *testing.T) {
	scenario(t, func(w *world) {
		w.c.Uses = lastuse.New(w.s)
		w.profile = "machines"
		w.machine(attached())
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.do(func(tx *store.Tx) {
			if u, ok := w.c.Uses.Last(tx, "AROAMACHINE"); !ok || u.Service != "ecs" || u.Region != here.Region {
				w.Errorf("got %+v, %v", u, ok)
			}
		})
	})
}

// identities changes what decides of agents, for the better or the worse.
func (w *world) identities(rnd *rand.Rand, tx *store.Tx) {
	global := tx.In(here.Global())
	own := "arn:aws:iam::000000000000:policy/own"
	documents := []string{statement("Allow", "ecs:*", "*", ""), statement("Allow", "ecs:*", "*", ""), statement("Allow", "ecs:Register*", "*", ""), statement("Deny", "ecs:Poll", "*", "")}
	switch rnd.IntN(5) {
	case 0:
		store.ManagedPolicies.Put(global, managedPolicy("own", documents[rnd.IntN(len(documents))]))
	case 1:
		store.InstanceProfiles.Put(global, model.InstanceProfile{Name: "machines", Role: []string{"Machine", "Machine", ""}[rnd.IntN(3)]})
	case 2:
		for i := range store.Instances.All(tx) {
			if rnd.IntN(3) == 0 {
				i.Launch.Profile = []string{"machines", "other", ""}[rnd.IntN(3)]
				store.Instances.Put(tx, i)
			}
		}
	case 3:
		if rnd.IntN(3) == 0 {
			store.Roles.Delete(global, model.Role{Name: "Machine"}.Key())
			return
		}
		fallthrough
	default:
		r := model.Role{Name: "Machine", Path: "/", ID: "AROAMACHINE", Trust: forEC2}
		attached([][]string{{agents}, {agents}, {own}, {own}, nil}[rnd.IntN(5)]...)(&r)
		r.Boundary = []string{"", "", "", own}[rnd.IntN(4)]
		store.Roles.Put(global, r)
		store.InstanceProfiles.Put(global, model.InstanceProfile{Name: "other", Role: "Machine"})
	}
}
