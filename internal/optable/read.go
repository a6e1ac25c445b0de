package optable

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/drydock-ecs/drydock/"

// Read returns which members of the structs of a package, "Struct.Member", packages read. Packages are
// named below the module: "api/ec2".
func Read(t *testing.T, of string, packages ...string) Members {
	t.Helper()
	return selections(t, packages, "/"+of)
}

// selections type-checks packages and returns which members of the structs of one SDK they read.
func selections(t *testing.T, readers []string, sdk string) Members {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,Module"}
	for _, r := range readers {
		args = append(args, module+r)
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
	check := checked{t, set, imp, sdk, Members{}}
	for _, r := range readers {
		check.files(module+r, dirs[module+r])
	}
	return check.used
}

// checked reads packages from source.
type checked struct {
	t    *testing.T
	set  *token.FileSet
	imp  gotypes.Importer
	sdk  string
	used Members
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
		if n, ok := gotypes.Unalias(typ).(*gotypes.Named); ok && n.Obj().Pkg() != nil && c.of(n.Obj().Pkg().Path()) {
			c.used[n.Obj().Name()+"."+s.Obj().Name()] = true
		}
	}
}

// of reports whether a package is the SDK's or that of its types.
func (c checked) of(path string) bool {
	return strings.HasSuffix(strings.TrimSuffix(path, "/types"), c.sdk)
}
