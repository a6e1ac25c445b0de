package model

import (
	"fmt"
	"testing"
)

func TestAgentConfigIsWhatUserDataWrites(t *testing.T) {
	const a, tags = `{"stack": "prod", "a;b": "c d"}`, `{"env":"it's"}`
	for _, c := range []struct{ rule, data, want string }{
		{"echo with single quotes", "#!/bin/bash\necho 'ECS_INSTANCE_ATTRIBUTES=" + a + "' >> /etc/ecs/ecs.config", "ECS_INSTANCE_ATTRIBUTES:" + a},
		{"quotes around the value", "echo ECS_INSTANCE_ATTRIBUTES='" + a + "' >> /etc/ecs/ecs.config", "ECS_INSTANCE_ATTRIBUTES:" + a},
		{"escapes in double quotes", `echo "ECS_CONTAINER_INSTANCE_TAGS={\"env\":\"it's\"}" >> /etc/ecs/ecs.config`, "ECS_CONTAINER_INSTANCE_TAGS:" + tags},
		{"unquoted JSON loses its quotes, as in a shell", `echo ECS_CONTAINER_INSTANCE_TAGS={"a":"b"} >> f`, "ECS_CONTAINER_INSTANCE_TAGS:{a:b}"},
		{"a here-document", "cat <<'EOF' >> /etc/ecs/ecs.config\nECS_CLUSTER=demo\nECS_INSTANCE_ATTRIBUTES=" + a + "\n# ECS_X=1\nEOF\necho done",
			"ECS_CLUSTER:demo ECS_INSTANCE_ATTRIBUTES:" + a},
		{"a here-document with tabs", "cat <<-EOF > /etc/ecs/ecs.config\n\tECS_RESERVED_MEMORY=256\n\tEOF", "ECS_RESERVED_MEMORY:256"},
		{"a here-document for another file", "cat <<EOF > /etc/other\nECS_CLUSTER=no\nEOF\necho ECS_CLUSTER=yes >> /etc/ecs/ecs.config", "ECS_CLUSTER:yes"},
		{"another file", "echo ECS_CLUSTER=no > /tmp/x", ""},
		{"tee", "echo ECS_CLUSTER=demo | sudo tee -a /etc/ecs/ecs.config > /dev/null", "ECS_CLUSTER:demo"},
		{"echo -e", `echo -e "ECS_CLUSTER=demo\nECS_RESERVED_MEMORY=64" >> /etc/ecs/ecs.config`, "ECS_CLUSTER:demo ECS_RESERVED_MEMORY:64"},
		{"printf", `printf 'ECS_CLUSTER=demo\n' >> /etc/ecs/ecs.config`, "ECS_CLUSTER:demo"},
		{"a quote over several lines", "echo \"ECS_CLUSTER=demo\nECS_RESERVED_MEMORY=64\" >> /etc/ecs/ecs.config", "ECS_CLUSTER:demo ECS_RESERVED_MEMORY:64"},
		{"a cloud-config", "#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  content: |\n    ECS_CLUSTER=demo\n    ECS_RESERVED_PORTS=[22, 80]\n", "ECS_CLUSTER:demo ECS_RESERVED_PORTS:[22, 80]"},
		{"Windows line ends", "ECS_CLUSTER=demo\r\nECS_RESERVED_MEMORY=1\r\n", "ECS_CLUSTER:demo ECS_RESERVED_MEMORY:1"},
		{"several commands on a line", "echo ECS_CLUSTER=a>>/etc/ecs/ecs.config;echo ECS_RESERVED_MEMORY=2>>/etc/ecs/ecs.config", "ECS_CLUSTER:a ECS_RESERVED_MEMORY:2"},
		{"a continued line", "echo ECS_CLUSTER=demo \\\n  >> /etc/ecs/ecs.config", "ECS_CLUSTER:demo"},
		{"the last one counts", "ECS_CLUSTER=a\nECS_CLUSTER=b", "ECS_CLUSTER:b"},
		{"other variables are not the agent's", "export AWS_REGION=x\nFOO=ECS", ""},
		{"an empty value", "ECS_CLUSTER=", "ECS_CLUSTER:"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if got := fmt.Sprint(map[string]string(ReadAgentConfig(c.data))); got != "map["+c.want+"]" {
				t.Errorf("got %s, want map[%s]", got, c.want)
			}
		})
	}
}

func FuzzReadAgentConfig(f *testing.F) {
	f.Add("cat <<EOF >> /etc/ecs/ecs.config\nECS_CLUSTER=a\nEOF\necho 'ECS_INSTANCE_ATTRIBUTES={\"a\":\"b\"}' >> f")
	f.Add("echo \"ECS_X='\\\r\n\" <<'E'")
	f.Fuzz(func(t *testing.T, data string) {
		for name, value := range ReadAgentConfig(data) {
			if !assignment.MatchString(name + "=") {
				t.Errorf("%q=%q", name, value)
			}
		}
	})
}
