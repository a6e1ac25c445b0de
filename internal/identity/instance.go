package identity

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// noRole is what the SDK in the ECS agent says on an instance whose metadata answers with a status instead of a role.
func noRole(status int) error {
	return fmt.Errorf("get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, "+
		"http response error StatusCode: %d, request to EC2 IMDS failed", status)
}

// TroubleWithEC2 is where EC2 sends who reads that it cannot assume a role.
const TroubleWithEC2 = " Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."

// ProfileOf returns the instance profile that an instance was given, without an id if it is gone, and the ARN of
// the role in it, empty for none.
func ProfileOf(tx *store.Tx, i model.Instance) (p model.InstanceProfile, role string) {
	global := tx.In(tx.Scope().Global())
	p, _ = store.InstanceProfiles.Get(global, i.ProfileKey())
	if r, ok := store.Roles.Get(global, model.Role{Name: p.Role}.Key()); ok {
		role = r.ARN(tx.Scope())
	}
	return p, role
}

// Agent returns who the ECS agent of an instance, and Docker on it, call AWS as: the role in its instance profile.
// Without a profile they are the root user of the account, as whoever has a key that was not issued here; with
// strict they have no credentials then. They get those of the role where everybody on the instance does, at its metadata. The
// error is that of the SDK in the agent.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
func (b *Book) Agent(tx *store.Tx, i model.Instance, strict bool) (Acting, error) {
	if i.Launch.Profile == "" && !strict {
		return Acting{root: true}, nil
	}
	if i.Launch.Metadata.Off {
		return Acting{}, noRole(403)
	}
	p, arn := ProfileOf(tx, i)
	if arn == "" {
		return Acting{}, noRole(404)
	}
	role, ok := Assume(tx, arn, ForInstances)
	if !ok {
		return Acting{}, fmt.Errorf("get credentials: failed to refresh cached credentials, failed to get %s EC2 IMDS role credentials, "+
			"api error AssumeRoleUnauthorizedAccess: EC2 cannot assume the role %[1]s.%s", p.Role, TroubleWithEC2)
	}
	a := b.acting(tx, role, i.ID)
	a.context.Set("ec2:SourceInstanceARN", tx.Scope().ARN("ec2", "instance/"+i.ID))
	return a, nil
}
