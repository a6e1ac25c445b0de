package ecs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var update = flag.Bool("update", false, "write docs/operations-ecs.md anew")

const table = "../../docs/operations-ecs.md"

// echoed are members that nothing reads, by design: they are labels, on ECS too as long as what
// would read them is refused.
var echoed = map[string]string{
	"PortMapping.AppProtocol": "Service Connect alone reads it",
}

// refusedValues are values that are refused of members that act; they stand in the table as words.
var refusedValues = map[string][]string{
	"CreateService":            {"launchType EXTERNAL and MANAGED_INSTANCES", "deploymentController CODE_DEPLOY", "assignPublicIp ENABLED"},
	"CreateTaskSet":            {"launchType EXTERNAL and MANAGED_INSTANCES", "assignPublicIp ENABLED"},
	"CreateCapacityProvider":   {"managedScaling.status, managedTerminationProtection and managedDraining ENABLED"},
	"UpdateCapacityProvider":   {"managedScaling.status, managedTerminationProtection and managedDraining ENABLED"},
	"PutAccountSetting":        {"values that cannot act here; the error says why"},
	"PutAccountSettingDefault": {"values that cannot act here; the error says why"},
	"RegisterTaskDefinition": {"networkMode host", "requiresCompatibilities other than EC2 and FARGATE", "log drivers awslogs and awsfirelens",
		"versionConsistency enabled", "IPC systemControls with ipcMode task", "dockerSecurityOptions credentialspec"},
	"RunTask":       {"launchType EXTERNAL and MANAGED_INSTANCES", "assignPublicIp ENABLED"},
	"UpdateService": {"assignPublicIp ENABLED"},
}

// reasons say why operations are refused, by what their names have in them; the first that fits.
var reasons = []struct{ part, why string }{
	{"ExpressGateway", "Express Mode services are not emulated"},
	{"Gateway", "gateways are not emulated"},
	{"Daemon", "ECS daemons as a resource of their own are not emulated; services of the DAEMON strategy act"},
	{"ServicesByNamespace", "there is no Service Connect"},
	{"ContinueServiceDeployment", "there are no blue/green deployments with pauses"},
	{"ExecuteCommand", "use docker exec on the container's runtimeId"},
	{"Submit", "the container agent's own call; the agent here is part of the daemon"},
	{"DiscoverPollEndpoint", "the container agent's own call; the agent here is part of the daemon"},
	{"RegisterContainerInstance", "the container agent's own call; use RunInstances or drydock instance add"},
	{"UpdateContainerAgent", "the agent is part of the daemon; update that"},
}

// members of SDK structs that code selects other than to write them, as "Struct.Member".
type selected map[string]bool

// TestOperationsTable walks every operation of the SDK and every member of its input: what is
// neither read nor echoed by design must be refused by name. It writes what it found as a table.
func TestOperationsTable(t *testing.T) {
	used := selections(t)
	binds := operations(handlers{arch: "amd64"})
	s := newStore(t)
	var doc bytes.Buffer
	fmt.Fprint(&doc, tableHead)
	for _, name := range operationNames() {
		bind, acts := binds[name]
		if acts == slices.Contains(known, name) {
			t.Errorf("%s: it must either act or be known as refused", name)
		}
		if !acts {
			fmt.Fprintf(&doc, "| %s | refused | %s |\n", name, reason(t, name))
			continue
		}
		op := bind(s)
		in := reflect.TypeOf(op.In()).Elem()
		excepts := walk(t, used, in, op)
		if slices.Contains(excepts, "") {
			t.Errorf("%s: a member without a name", name)
		}
		for i := range excepts {
			excepts[i] = "`" + excepts[i] + "`"
		}
		excepts = append(excepts, refusedValues[name]...)
		state := "acts"
		if len(excepts) > 0 {
			state = "acts except"
		}
		fmt.Fprintf(&doc, "| %s | %s | %s |\n", name, state, strings.Join(excepts, ", "))
	}
	fmt.Fprint(&doc, tableTail)
	if *update {
		if err := os.WriteFile(table, doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(table); err != nil || !bytes.Equal(have, doc.Bytes()) {
		t.Errorf("%s is stale (%v); write it anew: go test ./api/ecs -run TestOperationsTable -update", table, err)
	}
}

const tableHead = `# Operations of Amazon ECS

Every operation of the ECS API, as of the SDK that Drydock is built with. *Acts* means that every
parameter has its effect; *acts except* names the parameters and values that are refused with an
error that names them; *refused* operations answer an error that names the operation. Nothing is
accepted and ignored.

This page is written by a test that reads the code: ` + "`go test ./api/ecs -run TestOperationsTable -update`" + `.

| Operation | State | Refused |
|---|---|---|
`

// tableTail says where what acts differs from an instance on EC2.
const tableTail = `
## Where it differs from an instance on EC2

- cpu and memory of a task bind its containers together, by a cgroup, where the daemon runs as root on
  the engine's machine and the engine's cgroup driver is cgroupfs. Elsewhere, as with the systemd driver,
  they are limits of each container: a task of one container has exactly its size, of several each may use
  as much as the task. The daemon says so in its log when it starts.
- Images that the engine has are not pulled again (the agent's ECS_IMAGE_PULL_BEHAVIOR prefer-cached).
- A Docker volume of the scope shared belongs to its instance, under a name of Drydock's own, if it is
  autoprovisioned; else it is the engine's volume of that very name. It stays until it is removed with
  ` + "`docker volume rm`" + `.
- Log drivers other than json-file and none are the engine's: what it cannot do is a
  CannotCreateContainerError or CannotStartContainerError of the task.
- Privileged containers get what the engine itself has.
- restartAttemptPeriod and the intervals of health checks are divided by --time-scale; stopTimeout and
  startTimeout are the processes' own time and are not.
`

// operationNames returns those of the SDK's client, sorted.
func operationNames() (names []string) {
	client := reflect.TypeFor[*ecs.Client]()
	for m := range client.Methods() {
		if m.Type.NumIn() > 2 && m.Type.In(2).Kind() == reflect.Pointer && m.Type.In(2).Elem().Name() == m.Name+"Input" {
			names = append(names, m.Name)
		}
	}
	return names
}

func reason(t *testing.T, name string) string {
	for _, r := range reasons {
		if strings.Contains(name, r.part) {
			return r.why
		}
	}
	t.Errorf("%s is refused and nothing says why", name)
	return ""
}

// walk returns the members of an operation's input that are refused, as paths, and complains of
// those that are neither refused nor read.
func walk(t *testing.T, used selected, in reflect.Type, op wire.Op) (refused []string) {
	for f := range in.Fields() {
		if !f.IsExported() {
			continue
		}
		path := wireName("", f.Name)
		if !used[in.Name()+"."+f.Name] {
			if err := refuses(op, in, f); err != nil {
				t.Errorf("%s.%s is not read, and not refused: %v", in.Name(), f.Name, err)
			}
			refused = append(refused, path)
			continue
		}
		refused = append(refused, nested(t, used, f.Type, path, nil)...)
	}
	return refused
}

// least are inputs of operations that look at other members before they refuse one.
var least = map[reflect.Type]func() any{
	reflect.TypeFor[ecs.CreateServiceInput]():          func() any { return &ecs.CreateServiceInput{ServiceName: new("web")} },
	reflect.TypeFor[ecs.RegisterTaskDefinitionInput](): func() any { return webDef("web") },
}

// refuses calls the operation with nothing but the member set, and wants an error that names it.
func refuses(op wire.Op, in reflect.Type, f reflect.StructField) error {
	v := reflect.New(in)
	if base, ok := least[in]; ok {
		v = reflect.ValueOf(base())
	}
	fill(v.Elem().FieldByIndex(f.Index), 0)
	_, err := op.Do(context.Background(), wire.Call{Scope: scope}, v.Interface())
	if err == nil {
		return errors.New("the call succeeds")
	}
	if !strings.Contains(err.Error(), "the parameter "+wireName("", f.Name)) {
		return err
	}
	return nil
}

// fill sets v to something that is not its zero value.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && depth < 4 {
				fill(v.Field(i), depth+1)
			}
		}
	}
}

// nested does for the members of a struct within an input what walk does for its own. A struct that
// an allow-list has is refused member by member; of others every member must be read.
func nested(t *testing.T, used selected, typ reflect.Type, path string, above []reflect.Type) (refused []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasSuffix(typ.PkgPath(), "/ecs/types") || slices.Contains(above, typ) {
		return nil
	}
	acts, listed := allowed(typ)
	for f := range typ.Fields() {
		if !f.IsExported() {
			continue
		}
		name := typ.Name() + "." + f.Name
		at := wireName(path, f.Name)
		switch {
		case listed && !acts[f.Name]:
			refused = append(refused, at)
		case !used[name] && echoed[name] == "":
			t.Errorf("%s (%s) is neither read, nor refused, nor echoed by design", name, at)
		default:
			refused = append(refused, nested(t, used, f.Type, at, append(above, typ))...)
		}
	}
	return refused
}

func allowed(typ reflect.Type) (support, bool) {
	for _, list := range []map[reflect.Type]support{taskDefSupport, overrideSupport, serviceSupport, networkSupport, providerSupport} {
		if acts, ok := list[typ]; ok {
			return acts, true
		}
	}
	return nil, false
}

// readers are the packages in which members of requests are read, here or out of what was stored.
var readers = []string{"api/ecs", "internal/model", "internal/agent", "internal/engine/docker", "internal/control", "netmodes", "scheduler", "internal/place", "internal/rollout"}

// selections type-checks the readers and returns which members of the SDK's structs they read.
func selections(t *testing.T) selected {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,Module"}
	for _, r := range readers {
		args = append(args, "../../"+r)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports, dirs := map[string]string{}, map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		for _, f := range p.GoFiles {
			dirs[p.ImportPath] = append(dirs[p.ImportPath], filepath.Join(p.Dir, f))
		}
	}
	set := token.NewFileSet()
	imp := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	used := selected{}
	for _, r := range readers {
		check := checked{t, set, imp, used}
		check.files("github.com/drydock-ecs/drydock/"+r, dirs["github.com/drydock-ecs/drydock/"+r])
	}
	return used
}

// checked reads packages from source.
type checked struct {
	t    *testing.T
	set  *token.FileSet
	imp  gotypes.Importer
	used selected
}

func (c checked) files(path string, names []string) {
	var files []*ast.File
	for _, n := range names {
		f, err := parser.ParseFile(c.set, n, nil, 0)
		if err != nil {
			c.t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &gotypes.Info{Selections: map[*ast.SelectorExpr]*gotypes.Selection{}}
	conf := gotypes.Config{Importer: c.imp}
	if _, err := conf.Check(path, c.set, files, info); err != nil {
		c.t.Fatal(err)
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok {
				for _, l := range a.Lhs {
					if s, ok := l.(*ast.SelectorExpr); ok {
						delete(info.Selections, s) // it is written
					}
				}
			}
			return true
		})
	}
	for _, s := range info.Selections {
		typ := s.Recv()
		if p, ok := typ.(*gotypes.Pointer); ok {
			typ = p.Elem()
		}
		if n, ok := gotypes.Unalias(typ).(*gotypes.Named); ok && n.Obj().Pkg() != nil && strings.Contains(n.Obj().Pkg().Path(), "/service/ecs") {
			c.used[n.Obj().Name()+"."+s.Obj().Name()] = true
		}
	}
}

// TestRefusedValues shows that the values which the table says are refused are, by name.
func TestRefusedValues(t *testing.T) {
	for _, c := range []struct {
		says string
		edit func(in *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition)
	}{
		{"Network mode host", func(in *registration, _ *types.ContainerDefinition) { in.NetworkMode = types.NetworkModeHost }},
		{"the compatibility EXTERNAL", func(in *registration, _ *types.ContainerDefinition) {
			in.RequiresCompatibilities = []types.Compatibility{types.CompatibilityExternal}
		}},
		{"the log driver awsfirelens", func(_ *registration, c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens}
		}},
		{"the versionConsistency enabled", func(_ *registration, c *types.ContainerDefinition) {
			c.VersionConsistency = types.VersionConsistencyEnabled
		}},
		{"the system control kernel.msgmax with ipcMode=task", func(in *registration, c *types.ContainerDefinition) {
			in.IpcMode, c.SystemControls = types.IpcModeTask, []types.SystemControl{{Namespace: new("kernel.msgmax"), Value: new("1")}}
		}},
	} {
		in := webDef("web")
		c.edit(in, &in.ContainerDefinitions[0])
		if err := checkTaskDef(in, "amd64"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}
