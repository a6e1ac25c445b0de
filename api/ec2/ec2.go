// Package ec2 answers Amazon EC2 as far as container instances and their networks need it: VPCs and
// what is in them, and instances, which are simulated machines. All of it is rows: a launched instance
// is written as pending and a terminated one as shutting-down, and what follows is the control loop's;
// interfaces, rules and routes are made real by package vpc and those who read them. No image is booted
// and of the user data only the ECS agent's configuration acts.
//
// The inputs and answers are types of our own, because the SDK's package for EC2 is too large to
// build on. What a request may set and what does not act here is refused by name: a member with the
// tag acts:"no", or of the type any.
package ec2

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"strings"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options are what the daemon decides.
type Options struct {
	// Hosts are the loopback addresses of this daemon that are public ones here: 127.66.3.0/24 has 254.
	Hosts netip.Prefix
	// Directory reports what is wrong with a directory that flow logs are to be written to; nil for
	// nothing that can be told beforehand.
	Directory func(path string) error
	// Vault opens the parameters that images are named by.
	Vault *vault.Vault
}

// Service returns the operations over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		Known: strings.Fields(known), Ops: handler.Ops(s, operations(o))}
}

// write and read bind a handler whose DryRun acts: what was checked and done is undone again.

func write[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return handler.Write(dry(fn))
}

func read[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return handler.Read(dry(fn))
}

func dry[In, Out any](fn func(*store.Tx, *In) (*Out, error)) func(*store.Tx, *In) (*Out, error) {
	refused := refusals(reflect.TypeFor[In](), "")
	return func(tx *store.Tx, in *In) (*Out, error) {
		if err := wire.Refuse(in, "UnsupportedOperation", refused...); err != nil {
			return nil, err
		}
		out, err := fn(tx, in)
		if err == nil && tried(in) {
			return nil, &wire.Error{Code: "DryRunOperation", Message: "Request would have succeeded, but DryRun flag is set.", Status: http.StatusPreconditionFailed}
		}
		return out, err
	}
}

// tried reports whether a request has the DryRun flag. Some inputs have no such member, as on AWS.
func tried(in any) bool {
	f := reflect.ValueOf(in).Elem().FieldByName("DryRun")
	if !f.IsValid() {
		return false
	}
	flag, ok := f.Interface().(*bool)
	return ok && flag != nil && *flag
}

// refusals are the paths of the members of an input that exist on AWS and do not act here: those with
// the tag acts:"no". A request may say of them what says nothing, such as false.
func refusals(t reflect.Type, prefix string) (paths []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("wire"), ",")
		if name == "" {
			name = f.Name
		}
		path := prefix + strings.ToUpper(name[:1]) + name[1:]
		if f.Tag.Get("acts") == "no" {
			paths = append(paths, path)
		} else {
			paths = append(paths, refusals(f.Type, path+".")...)
		}
	}
	return paths
}

// fail makes one of EC2's errors.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func fail(code, format string, args ...any) error {
	return &wire.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func missing(parameter string) error {
	return fail("MissingParameter", "The request must contain the parameter %s", parameter)
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func ptr[T any](v T) *T { return &v }
