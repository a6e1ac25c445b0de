package drydock

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers lists every package under the ones it may import. A package imports only from lines
// above its own: nothing beside it, nothing below.
var layers = [][]string{
	{"internal/model", "internal/ids", "internal/tempo"},
	{"scheduler/query"},
	{"internal/engine", "scheduler", "autoscale", "netmodes", "internal/rollout", "internal/logs/pattern", "internal/logdriver", "internal/policy", "lb/rule", "api/wire/sigv4"},
	{"internal/netbox", "internal/flowlog/record", "internal/logs/measure"},
	{"internal/store", "internal/logs", "internal/vault", "internal/metrics", "internal/datapoints", "internal/directory", "internal/engine/docker", "internal/engine/sim", "internal/engine/runtimetest", "internal/probe", "internal/netbox/box", "api/wire"},
	{"internal/nic"},
	{"internal/firewall"},
	{"api/handler", "internal/place", "internal/streams", "internal/identity", "internal/session", "internal/lastuse", "internal/optable"},
	{"internal/secrets", "internal/rolecreds"},
	{"api/gate"},
	{"internal/vpc", "internal/flowlog", "internal/resolver", "internal/imds", "internal/taskmeta", "internal/edge", "internal/control", "internal/agent", "internal/console", "lb", "api/ecs", "api/elbv2", "api/ec2", "api/sts", "api/iam", "api/logs", "internal/collect", "internal/metricfilter", "internal/subscription", "api/secretsmanager", "api/ssm"},
	{"internal/daemon"},
	{"cmd/drydock", "internal/e2e"},
}

// only says which packages may import what else is worth guarding.
var only = map[string][]string{
	"go.etcd.io/bbolt":                      {"internal/store"},
	"github.com/aws/aws-sdk-go-v2/service/": {"internal/model", "internal/engine", "internal/logdriver", "api/", "lb", "internal/control", "internal/rollout", "internal/place", "internal/secrets", "internal/agent", "internal/store", "scheduler", "netmodes", "internal/console", "internal/daemon", "internal/taskmeta", "internal/probe"},
	"net/http":                              {"api/", "lb", "internal/taskmeta", "internal/imds", "internal/daemon", "internal/console", "internal/probe", "internal/metrics", "internal/engine/docker", "internal/netbox/box", "cmd/drydock"},
}

// pure packages may not reach for these.
var impure = []string{"os", "net", "net/http", "context", "sync", "go.etcd.io/bbolt"}

func TestLayers(t *testing.T) {
	const module = "github.com/drydock-ecs/drydock/"
	rank := map[string]int{}
	for i, l := range layers {
		for _, p := range l {
			rank[p] = i
		}
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Doc", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Doc string
			Imports         []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		path, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue
		}
		mine, known := rank[path]
		if !known {
			t.Errorf("%s has no line in layers", path)
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", path)
		}
		for _, imp := range p.Imports {
			if dep, ours := strings.CutPrefix(imp, module); ours && rank[dep] >= mine {
				t.Errorf("%s may not import %s", path, dep)
			}
			if mine <= 2 && slices.Contains(impure, imp) {
				t.Errorf("%s is pure and may not import %s", path, imp)
			}
			for guarded, who := range only {
				if strings.HasPrefix(imp, guarded) && !slices.ContainsFunc(who, func(w string) bool { return strings.HasPrefix(path, w) }) {
					t.Errorf("%s may not import %s", path, imp)
				}
			}
		}
	}
}
