package iam

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// linkedPath is where service-linked roles are, and nothing else is.
const linkedPath = "/aws-service-role/"

// ecsService is the one service whose linked role there is here.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles-for-clusters.html
const (
	ecsService = "ecs.amazonaws.com"
	ecsRole    = "AWSServiceRoleForECS"
	ecsTrust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ecs.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`
)

func createServiceLinkedRole(tx *store.Tx, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	service, err := required(in.AWSServiceName, "aWSServiceName")
	switch {
	case err != nil:
		return nil, err
	case service != ecsService:
		return nil, badInput("Drydock does not support service-linked roles of %s: only of %s.", service, ecsService)
	case in.CustomSuffix != nil:
		return nil, badInput("Custom suffix is not allowed for %s", service)
	}
	r := model.Role{Name: ecsRole, Path: linkedPath + ecsService + "/", ID: ids.Unique("AROA"), Created: tx.Now(), MaxSession: time.Hour,
		Trust: ecsTrust, Service: service, Description: "Role to enable Amazon ECS to manage your cluster.",
		Grants: model.Grants{Attached: []string{"arn:" + tx.Scope().Partition() + ":iam::aws:policy" + linkedPath + "AmazonECSServiceRolePolicy"}}}
	if in.Description != nil {
		if r.Description, err = description(in.Description); err != nil {
			return nil, err
		}
	}
	if _, ok := store.Roles.Get(tx, r.Key()); ok {
		return nil, badInput("Service role name %s has been taken in this account, please try a different suffix.", r.Name)
	}
	store.Roles.Put(tx, r)
	return &iam.CreateServiceLinkedRoleOutput{Role: showRole(tx, r)}, nil
}

// deleteServiceLinkedRole deletes at once what can be deleted; the task that it answers tells.
func deleteServiceLinkedRole(tx *store.Tx, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	r, err := role(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if r.Service == "" {
		return nil, invalid("The role %s is not a service-linked role.", r.Name)
	}
	if len(clusters(tx)) == 0 {
		store.Roles.Delete(tx, r.Key())
	}
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: say("task%s%s/%s", r.Path, r.Name, ids.UUID())}, nil
}

// clusters are those of the account that are not INACTIVE, by region: they use the linked role.
func clusters(tx *store.Tx) (used []types.RoleUsageType) {
	for _, sc := range tx.Scopes() {
		if sc.Account != tx.Scope().Account || sc.Partition() != tx.Scope().Partition() {
			continue
		}
		u := types.RoleUsageType{Region: &sc.Region}
		for c := range store.Clusters.All(tx.In(sc)) {
			if c.Status != "INACTIVE" {
				u.Resources = append(u.Resources, sc.ARN("ecs", "cluster/"+c.Name))
			}
		}
		if len(u.Resources) > 0 {
			used = append(used, u)
		}
	}
	slices.SortFunc(used, func(a, b types.RoleUsageType) int { return strings.Compare(*a.Region, *b.Region) })
	return used
}

func getServiceLinkedRoleDeletionStatus(tx *store.Tx, in *iam.GetServiceLinkedRoleDeletionStatusInput) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	id, err := required(in.DeletionTaskId, "deletionTaskId")
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(id, "task"+linkedPath+ecsService+"/"+ecsRole+"/")
	if !ok || len(rest) != 36 {
		return nil, noSuch("Deletion task id %s cannot be found.", id)
	}
	if _, there := store.Roles.Get(tx, model.Role{Name: ecsRole}.Key()); !there {
		return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, nil
	}
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeFailed,
		Reason: &types.DeletionTaskFailureReasonType{Reason: say("There are resources that use the role: delete the clusters first."), RoleUsageList: clusters(tx)}}, nil
}
