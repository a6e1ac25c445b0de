package daemon

import (
	"context"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/vpc"
)

var (
	_ vpc.Network = (*docker.Runtime)(nil)
	_ vpc.Network = (*sim.Runtime)(nil)
)

func TestAnEngineWithoutVPCsRefusesInstances(t *testing.T) {
	done := wire.Op{Do: func(context.Context, wire.Call, any) (any, error) { return nil, nil }}
	services := func() []wire.Service {
		return []wire.Service{{Name: "ec2", Ops: map[string]wire.Op{"RunInstances": done, "DescribeInstances": done}}, {Name: "iam"}}
	}
	for why, want := range map[string]string{"": "", "no nftables": "Unsupported: There can be no instances and no network interfaces on this container engine: no nftables"} {
		ops := grounded(services(), why)[0].Ops
		_, err := ops["RunInstances"].Do(t.Context(), wire.Call{}, nil)
		if got := errorText(err); got != want {
			t.Errorf("RunInstances with %q: %q, want %q", why, got, want)
		}
		if _, err := ops["DescribeInstances"].Do(t.Context(), wire.Call{}, nil); err != nil {
			t.Errorf("DescribeInstances with %q: %v", why, err)
		}
	}
	all := map[string]wire.Service{}
	for _, s := range (&daemon{}).services() {
		all[s.Name] = s
	}
	for name, ops := range needNetwork {
		for op := range ops {
			if _, there := all[name].Ops[op]; !there {
				t.Errorf("%s has no operation %s", name, op)
			}
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error())
}
