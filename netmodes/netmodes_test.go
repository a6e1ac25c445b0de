package netmodes

import (
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func p(n int32) *int32 { return &n }

func TestFor(t *testing.T) {
	span, back := "8000-8010", "9-8"
	for _, c := range []struct {
		rule     string
		mode     types.NetworkMode
		mappings []types.PortMapping
		want     Plan
		refused  string
	}{
		{"no mode is bridge", "", nil, Plan{Network: "bridge"}, ""},
		{"bridge without a host port takes a dynamic one", "bridge", []types.PortMapping{{ContainerPort: p(80)}},
			Plan{"bridge", []Port{{80, 0, 0, "tcp"}}}, ""},
		{"host port 0 is dynamic", "bridge", []types.PortMapping{{ContainerPort: p(80), HostPort: p(0), Protocol: "tcp"}},
			Plan{"bridge", []Port{{80, 0, 0, "tcp"}}}, ""},
		{"a fixed host port stays", "bridge", []types.PortMapping{{ContainerPort: p(53), HostPort: p(5353), Protocol: "udp"}},
			Plan{"bridge", []Port{{53, 0, 5353, "udp"}}}, ""},
		{"none has no ports", "none", nil, Plan{Network: "none"}, ""},
		{"none refuses ports", "none", []types.PortMapping{{ContainerPort: p(80)}}, Plan{}, "A port mapping"},
		{"a range is as many ports in a row", "bridge", []types.PortMapping{{ContainerPortRange: &span}}, Plan{"bridge", []Port{{8000, 8010, 0, "tcp"}}}, ""},
		{"a range that runs backwards is refused by name", "bridge", []types.PortMapping{{ContainerPortRange: &back}}, Plan{}, "containerPortRange 9-8"},
		{"a mapping needs its container port", "bridge", []types.PortMapping{{HostPort: p(80)}}, Plan{}, "A port mapping without containerPort"},
		{"in host mode a port is the container's own", "host", []types.PortMapping{{ContainerPort: p(80)}, {ContainerPort: p(53), HostPort: p(53), Protocol: "udp"}},
			Plan{"host", []Port{{80, 0, 80, "tcp"}, {53, 0, 53, "udp"}}}, ""},
		{"and host port 0 is none given", "host", []types.PortMapping{{ContainerPort: p(80), HostPort: p(0)}}, Plan{"host", []Port{{80, 0, 80, "tcp"}}}, ""},
		{"host refuses another host port", "host", []types.PortMapping{{ContainerPort: p(80), HostPort: p(8080)}}, Plan{}, "hostPort 8080 of containerPort 80"},
		{"host has no ranges", "host", []types.PortMapping{{ContainerPortRange: &span}}, Plan{}, "containerPortRange 8000-8010"},
		{"awsvpc has a network of the task's own, and binds no host port", "awsvpc", []types.PortMapping{{ContainerPort: p(80)}, {ContainerPort: p(53), HostPort: p(53), Protocol: "udp"}},
			Plan{"task", []Port{{80, 0, 0, "tcp"}, {53, 0, 0, "udp"}}}, ""},
		{"awsvpc takes a range as it is", "awsvpc", []types.PortMapping{{ContainerPortRange: &span}}, Plan{"task", []Port{{8000, 8010, 0, "tcp"}}}, ""},
		{"awsvpc refuses a host port that is not the container's", "awsvpc", []types.PortMapping{{ContainerPort: p(80), HostPort: p(8080)}}, Plan{}, "hostPort 8080 of containerPort 80"},
		{"awsvpc refuses a dynamic host port", "awsvpc", []types.PortMapping{{ContainerPort: p(80), HostPort: p(0)}}, Plan{}, "hostPort 0 of containerPort 80"},
		{"an unknown mode is refused by name", "nat", nil, Plan{}, `Network mode "nat"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := For(c.mode, c.mappings)
			var u *Unsupported
			if errors.As(err, &u) != (c.refused != "") || u != nil && u.What != c.refused {
				t.Fatalf("error %v, want %q refused", err, c.refused)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
