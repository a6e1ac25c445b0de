package model

import (
	"strings"
	"testing"
)

func TestClusterNameFollowsTheUserData(t *testing.T) {
	for _, c := range []struct{ rule, data, want string }{
		{"without user data it is default, as the agent has it", "", "default"},
		{"echo into the configuration file", "#!/bin/bash\necho ECS_CLUSTER=demo >> /etc/ecs/ecs.config", "demo"},
		{"in quotes", `echo "ECS_CLUSTER=demo" >> /etc/ecs/ecs.config`, "demo"},
		{"a here-document", "cat <<'EOF' >> /etc/ecs/ecs.config\nECS_CLUSTER=demo\nECS_LOGLEVEL=debug\nEOF", "demo"},
		{"a quoted value", `ECS_CLUSTER="demo"`, "demo"},
		{"the last one counts", "ECS_CLUSTER=a\nECS_CLUSTER=b", "b"},
		{"a comment does not count", "ECS_CLUSTER=a\n# ECS_CLUSTER=b", "a"},
		{"several commands on a line", "echo ECS_CLUSTER=demo>>/etc/ecs/ecs.config;reboot", "demo"},
		{"Windows line ends", "echo ECS_CLUSTER=demo >> /etc/ecs/ecs.config\r\n", "demo"},
		{"nothing after the sign", "ECS_CLUSTER=", "default"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if got := (Instance{UserData: c.data}).ClusterName(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzClusterName(f *testing.F) {
	f.Add("echo ECS_CLUSTER=demo >> /etc/ecs/ecs.config")
	f.Add("ECS_CLUSTER='a b';ECS_CLUSTER=\"")
	f.Fuzz(func(t *testing.T, data string) {
		if got := (Instance{UserData: data}).ClusterName(); got == "" || strings.ContainsAny(got, "\n\r;\"' >") {
			t.Errorf("cluster %q", got)
		}
	})
}
