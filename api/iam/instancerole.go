package iam

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// InstanceRoleName is what ECS's console names the role of container instances, and the instance profile with it.
const InstanceRoleName = "ecsInstanceRole"

const instanceTrust = `{"Version":"2008-10-17","Statement":[{"Sid":"","Effect":"Allow","Principal":{"Service":"` + identity.ForInstances + `"},"Action":"sts:AssumeRole"}]}`

// MakeInstanceRole gives tx's account the role of container instances and an instance profile with it, as the first
// run of ECS's console does. What there is already of that name stays as it is.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
func MakeInstanceRole(tx *store.Tx) {
	tx = tx.In(tx.Scope().Global())
	r := model.Role{Name: InstanceRoleName, Path: "/", ID: ids.Unique("AROA"), Created: tx.Now(), MaxSession: time.Hour, Trust: instanceTrust,
		Grants: model.Grants{Attached: []string{"arn:" + tx.Scope().Partition() + ":iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"}}}
	if _, ok := store.Roles.Get(tx, r.Key()); !ok {
		store.Roles.Put(tx, r)
	}
	p := model.InstanceProfile{Name: InstanceRoleName, Path: "/", ID: ids.Unique("AIPA"), Created: tx.Now(), Role: InstanceRoleName}
	if _, ok := store.InstanceProfiles.Get(tx, p.Key()); !ok {
		store.InstanceProfiles.Put(tx, p)
	}
}
