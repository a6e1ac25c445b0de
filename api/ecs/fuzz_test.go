package ecs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// FuzzIdentify checks that an identifier that is read names one resource: its parts hold no
// separator, and the ARN made of them is read as the same.
func FuzzIdentify(f *testing.F) {
	for _, s := range []string{"web", "web:1", "", "a/b", arnPrefix + "service/demo/web", arnPrefix + "service/web", arnPrefix + "cluster/demo",
		arnPrefix + "task-definition/web:12", "arn:aws:ecs:::", "arn:::::", "arn:aws-cn:ecs:us-east-1:000000000000:task/a/b/c", arnPrefix + "task//b"} {
		f.Add("service", s)
	}
	f.Fuzz(func(t *testing.T, kind, ref string) {
		id, err := identify(scope, kind, ref)
		if err != nil {
			return
		}
		if id.Kind != kind || strings.Contains(id.Name, "/") || strings.Contains(id.Cluster, "/") {
			t.Fatalf("%q is read as %+v", ref, id)
		}
		if !strings.HasPrefix(ref, "arn:") {
			return
		}
		parts := []string{id.Kind}
		if id.Cluster != "" {
			parts = append(parts, id.Cluster)
		}
		if again := scope.ARN("ecs", strings.Join(append(parts, id.Name), "/")); again != ref {
			t.Fatalf("%q is read as %+v, which is %q", ref, id, again)
		}
	})
}

// FuzzNextToken checks that only tokens that were given out are taken.
func FuzzNextToken(f *testing.F) {
	f.Add("", int32(1))
	f.Add("eA", int32(0))
	f.Add(*page{kind: "ListTasks"}.token("abc"), int32(100))
	f.Fuzz(func(t *testing.T, token string, limit int32) {
		p, err := newPage("ListTasks", &token, &limit, 100)
		if err != nil {
			return
		}
		if p.max < 1 || p.max > 100 {
			t.Fatal(p.max)
		}
		if token == "" {
			return
		}
		if again, err := newPage("ListTasks", p.token(p.after), &limit, 100); err != nil || again != p {
			t.Fatalf("%q is read as %q", token, p.after)
		}
	})
}

// FuzzRegisterTaskDefinition checks that what passes the rules is answered with defaults filled in
// once and for all: the answer passes the rules again, is described the same way, and can be stored.
func FuzzRegisterTaskDefinition(f *testing.F) {
	for _, s := range []string{
		`{"family":"web","containerDefinitions":[{"name":"app","image":"nginx","memory":64,"portMappings":[{"containerPort":80}]}]}`,
		`{"family":"web","cpu":".5 vCPU","memory":"1GB","networkMode":"none","containerDefinitions":[{"name":"a","image":"i","essential":false,"dependsOn":[{"containerName":"b","condition":"START"}]},{"name":"b","image":"i@sha256:0","links":["a:x"]}]}`,
		`{"family":"w","volumes":[{"name":"v","host":{}}],"containerDefinitions":[{"name":"a","image":"i","memoryReservation":4,"healthCheck":{"command":["CMD","x"]},"mountPoints":[{"sourceVolume":"v","containerPath":"/x"}],"linuxParameters":{"tmpfs":[{"containerPath":"/t","size":1}]},"ulimits":[{"name":"nofile","softLimit":1,"hardLimit":2}]}]}`,
		`{"containerDefinitions":[{"dependsOn":[{}],"links":[""],"volumesFrom":[{}],"secrets":[{}],"logConfiguration":{}}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in ecs.RegisterTaskDefinitionInput
		if json.Unmarshal(body, &in) != nil || checkTaskDef(&in, "amd64") != nil {
			return
		}
		doc := newDoc(&in)
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var stored types.TaskDefinition
		if err := json.Unmarshal(raw, &stored); err != nil {
			t.Fatal(err)
		}
		again := ecs.RegisterTaskDefinitionInput{Family: in.Family, ContainerDefinitions: stored.ContainerDefinitions, Cpu: stored.Cpu, Memory: stored.Memory,
			NetworkMode: stored.NetworkMode, RequiresCompatibilities: stored.RequiresCompatibilities, RuntimePlatform: stored.RuntimePlatform, Volumes: stored.Volumes}
		if err := checkTaskDef(&again, "amd64"); err != nil && !strings.Contains(err.Error(), "Max allowed length") {
			t.Fatalf("%s\nis registered as\n%s\nwhich is refused: %v", body, raw, err)
		}
		if second := newDoc(&again); !reflect.DeepEqual(second, stored) {
			t.Fatalf("%s\nis described as\n%s\nand then differently", body, raw)
		}
	})
}

// FuzzQuantity checks that sizes of tasks are within ECS's bounds whatever they are written as.
func FuzzQuantity(f *testing.F) {
	for _, s := range []string{"256", ".25 vCPU", "1vcpu", "0.5 GB", "-1", "1e309 vCPU", "NaN vCPU", "vCPU", "9999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := taskCPU(s); ok && s != "" && (n < 128 || n > 196608) {
			t.Fatalf("cpu %q is %d", s, n)
		}
		if n, ok := taskMemory(s); ok && s != "" && n < 4 {
			t.Fatalf("memory %q is %d", s, n)
		}
	})
}

// FuzzOverrides checks that overrides which pass have sizes that placement can read.
func FuzzOverrides(f *testing.F) {
	f.Add([]byte(`{"cpu":"1 vCPU","containerOverrides":[{"name":"app","command":["x"],"memory":8}]}`))
	def := newDoc(webDef("web"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var o types.TaskOverride
		d := modelDef(def)
		if json.Unmarshal(body, &o) != nil || checkOverrides(d, &o) != nil {
			return
		}
		n := d.Needs(wholeOverrides(&o))
		if cpu, _ := taskCPU(aws.ToString(o.Cpu)); n.CPU < 0 || n.Memory < 0 || cpu > 0 && n.CPU != cpu {
			t.Fatalf("%s needs %+v", body, n)
		}
	})
}
