package secrets_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// BenchmarkTask reads what a task of ten containers gets, of which each has ten secrets.
func BenchmarkTask(b *testing.B) {
	s, err := store.Open(filepath.Join(b.TempDir(), "db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := secrets.Reader{Store: s, Vault: vault.New(vault.NewKey())}
	d := model.TaskDef{Doc: types.TaskDefinition{ExecutionRoleArn: new(anyARN)}}
	if err := s.Update(here, func(tx *store.Tx) error {
		store.Roles.Put(tx.In(here.Global()), model.Role{Name: "any", Path: "/", ID: "AROAANY", Trust: trusted, Grants: model.Grants{Inline: []model.Inline{{Name: "own", Document: allow("*", "*")}}}})
		for i := range 10 {
			c := types.ContainerDefinition{Name: new(fmt.Sprint("c", i))}
			for j := range 10 {
				name := fmt.Sprintf("s%d-%d", i, j)
				row := model.Secret{Name: name, Suffix: "AbCdEf", Stages: map[string]string{model.StageCurrent: "one"}}
				store.Secrets.Put(tx, row)
				store.SecretVersions.Put(tx, model.SecretVersion{Secret: name, ID: "one", Value: r.Vault.Seal(secrets.Place(here, row, "one"), []byte("hidden"))})
				c.Secrets = append(c.Secrets, types.Secret{Name: new(fmt.Sprint("S", j)), ValueFrom: new(asm + name)})
			}
			d.Doc.ContainerDefinitions = append(d.Doc.ContainerDefinitions, c)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		all := r.Task(here, d, task)
		for _, c := range d.Doc.ContainerDefinitions {
			if got, err := all.For(*c.Name); err != nil || len(got.Env) != 10 {
				b.Fatal(got, err)
			}
		}
	}
}
