package ecs

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestTaskDefinitionsAreListedByNumberInPages(t *testing.T) {
	w := newWorld(t)
	for range 11 {
		must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	}
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("web-b")))(t)
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("api")))(t)
	must(w.client.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("api:1")}))(t)
	list := func(in ecs.ListTaskDefinitionsInput) (out []string) {
		p := ecs.NewListTaskDefinitionsPaginator(w.client, &in)
		for p.HasMorePages() {
			for _, arn := range must(p.NextPage(t.Context()))(t).TaskDefinitionArns {
				out = append(out, strings.TrimPrefix(arn, arnPrefix+"task-definition/"))
			}
		}
		return out
	}
	w.equal(list(ecs.ListTaskDefinitionsInput{MaxResults: aws.Int32(3)}), "[web:1 web:2 web:3 web:4 web:5 web:6 web:7 web:8 web:9 web:10 web:11 web-b:1]")
	w.equal(list(ecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String("web"), Sort: types.SortOrderDesc, MaxResults: aws.Int32(4)}),
		"[web:11 web:10 web:9 web:8 web:7 web:6 web:5 web:4 web:3 web:2 web:1]")
	w.equal(list(ecs.ListTaskDefinitionsInput{Status: types.TaskDefinitionStatusInactive}), "[api:1]")
	families := func(status types.TaskDefinitionFamilyStatus, prefix string) []string {
		return must(w.client.ListTaskDefinitionFamilies(t.Context(), &ecs.ListTaskDefinitionFamiliesInput{Status: status, FamilyPrefix: &prefix}))(t).Families
	}
	w.equal(families("", ""), "[api web web-b]")
	w.equal(families(types.TaskDefinitionFamilyStatusActive, ""), "[web web-b]")
	w.equal(families(types.TaskDefinitionFamilyStatusInactive, ""), "[api]")
	w.equal(families("", "web-"), "[web-b]")
}
