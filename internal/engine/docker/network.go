package docker

import (
	"slices"
	"strings"

	"github.com/docker/docker/api/types/system"
)

// near reports whether the engine's bridges can be interfaces of this machine: its socket is here,
// and it does not run in a virtual machine or a user namespace whose addresses could also be ours.
func (r *Runtime) near(in system.Info) bool {
	return strings.HasPrefix(r.cli.DaemonHost(), "unix://") && !strings.Contains(in.OperatingSystem, "Docker Desktop") &&
		!slices.ContainsFunc(in.SecurityOptions, func(o string) bool { return strings.Contains(o, "rootless") })
}
