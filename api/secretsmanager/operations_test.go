package secretsmanager

import (
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/optable"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

var update = flag.Bool("update", false, "write docs/operations-secretsmanager.md anew")

func TestOperationsTable(t *testing.T) {
	w := newWorld(t)
	optable.Table{Service: "secretsmanager", Title: "AWS Secrets Manager", Client: reflect.TypeFor[*secretsmanager.Client](), Pascal: true,
		Ops: Service(w.store, Options{Vault: w.vault}).Ops, Known: known, Readers: []string{"api/secretsmanager"}, Why: why,
		Values: map[string][]string{
			"CreateSecret": {"KmsKeyId other than alias/aws/secretsmanager"},
			"UpdateSecret": {"KmsKeyId other than alias/aws/secretsmanager"},
		}}.Check(t, *update)
}

func why(name string) string {
	switch {
	case strings.Contains(name, "Policy"):
		return "policies are checked when they are put"
	case strings.Contains(name, "Rotat"):
		return "there is no Lambda that rotates"
	case strings.Contains(name, "Replica"):
		return "secrets are not replicated between regions"
	}
	return ""
}
