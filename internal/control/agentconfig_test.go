package control

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// configured registers an instance with a configuration and returns what it has of its own, and the
// events after the first.
func (w *world) configured(lines ...string) (string, []string) {
	in := model.Instance{ID: "i-9", Type: model.InstanceType{VCPU: 2, Memory: 2048}, Zone: "us-east-1a", Host: "127.66.0.9", State: "pending", Up: true,
		Tags:     model.Tags{{Key: "Name", Value: "one"}, {Key: "aws:autoscaling:groupName", Value: "g"}},
		UserData: "#!/bin/sh\ncat <<'EOF' >> /etc/ecs/ecs.config\nECS_CLUSTER=demo\n" + strings.Join(lines, "\n") + "\nEOF\n"}
	w.do(func(tx *store.Tx) { store.Instances.Put(tx, in) })
	w.after(time.Second)
	var got string
	var told []string
	w.do(func(tx *store.Tx) {
		for ci := range store.ContainerInstancesByEC2.Each(tx, "i-9") {
			own := slices.DeleteFunc(slices.Clone(ci.Attributes), func(a model.Attribute) bool {
				return slices.Contains(attributes(in), a)
			})
			got = fmt.Sprint(own, ci.Tags, registeredMemory(2048)-ci.Memory, len(attributes(in))+len(own)-len(ci.Attributes), ci.Ports[min(1, len(ci.Ports)-1):])
			if ci.Dynamic.First > 0 {
				got += fmt.Sprintf(" %d-%d", ci.Dynamic.First, ci.Dynamic.Last)
			}
		}
		for e := range store.Events.From(tx, model.EventPrefix("instance", "demo", "i-9"), "") {
			told = append(told, strings.TrimPrefix(e.Message, "(instance i-9) "))
		}
	})
	return got, told[1:]
}

func TestTheAgentsConfigurationActs(t *testing.T) {
	const ports = " [{2375 tcp} {2376 tcp} {51678 tcp} {51679 tcp}]"
	for _, c := range []struct {
		rule  string
		lines []string
		want  string
		told  []string
	}{
		{"none", nil, "[] [] 0 0" + ports, nil},
		{"attributes", []string{`ECS_INSTANCE_ATTRIBUTES={"stack": "prod"}`}, "[{stack prod}] [] 0 0" + ports, nil},
		{"tags go before those of the instance", []string{`ECS_CONTAINER_INSTANCE_TAGS={"Name":"two","b":""}`, "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=ec2_instance"},
			"[] [{Name two} {b }] 0 0" + ports, nil},
		{"tags of the instance", []string{"ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=ec2_instance"}, "[] [{Name one}] 0 0" + ports, nil},
		{"reserved memory", []string{"ECS_RESERVED_MEMORY=256"}, "[] [] 256 0" + ports, nil},
		{"reserved ports replace the agent's", []string{"ECS_RESERVED_PORTS=[22, 80]", "ECS_RESERVED_PORTS_UDP=[53]"}, "[] [] 0 0 [{80 tcp} {53 udp}]", nil},
		{"log drivers and privileged containers", []string{`ECS_AVAILABLE_LOGGING_DRIVERS=["json-file","awsfirelens"]`, "ECS_DISABLE_PRIVILEGED=true"},
			"[] [] 0 8" + ports, []string{"ECS_AVAILABLE_LOGGING_DRIVERS in its user data does not act here: there is no log driver awsfirelens."}},
		{"what does not act is told", []string{"ECS_LOGLEVEL=debug", "ECS_IMAGE_PULL_BEHAVIOR=always", "ECS_OF_NOBODY=1"}, "[] [] 0 0" + ports,
			[]string{`ECS_IMAGE_PULL_BEHAVIOR in its user data does not act here: "always" is not prefer-cached.`, "ECS_LOGLEVEL in its user data does not act here.",
				"ECS_OF_NOBODY in its user data does not act: the agent has no such variable."}},
		{"the range of dynamic host ports", []string{"ECS_DYNAMIC_HOST_PORT_RANGE=49153-65535"}, "[] [] 0 0" + ports + " 49153-65535", nil},
		{"which may be one port", []string{"ECS_DYNAMIC_HOST_PORT_RANGE=8080"}, "[] [] 0 0" + ports + " 8080-8080", nil},
		{"and is one", []string{"ECS_DYNAMIC_HOST_PORT_RANGE=200-100"}, "[] [] 0 0" + ports,
			[]string{`ECS_DYNAMIC_HOST_PORT_RANGE in its user data does not act here: "200-100" is no range of ports such as 49153-65535.`}},
		{"of ports", []string{"ECS_DYNAMIC_HOST_PORT_RANGE=0-65536"}, "[] [] 0 0" + ports,
			[]string{`ECS_DYNAMIC_HOST_PORT_RANGE in its user data does not act here: "0-65536" is no range of ports such as 49153-65535.`}},
		{"so is what cannot be", []string{"ECS_INSTANCE_ATTRIBUTES=stack", "ECS_RESERVED_MEMORY=much"}, "[] [] 0 0" + ports,
			[]string{"ECS_INSTANCE_ATTRIBUTES in its user data does not act here: stack is no JSON object of strings.",
				`ECS_RESERVED_MEMORY in its user data does not act here: "much" is no number of MiB below the ` + fmt.Sprint(registeredMemory(2048)) + " of the instance."}},
		{"the API's rules for attributes and tags hold", []string{`ECS_INSTANCE_ATTRIBUTES={"a":"b","st ack":"prod"}`, `ECS_CONTAINER_INSTANCE_TAGS={"a":"b","c!":"d"}`}, "[] [] 0 0" + ports,
			[]string{"ECS_CONTAINER_INSTANCE_TAGS in its user data does not act here: Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @.",
				`ECS_INSTANCE_ATTRIBUTES in its user data does not act here: Invalid attribute name: "st ack".`}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			scenario(t, func(w *world) {
				if got, told := w.configured(c.lines...); got != c.want || !slices.Equal(told, c.told) {
					t.Errorf("got %s\n%q\nwant %s\n%q", got, told, c.want, c.told)
				}
			})
		})
	}
}

func TestANoticeDrainsTheInstanceIfItsAgentIsTold(t *testing.T) {
	scenario(t, func(w *world) {
		w.configured("ECS_ENABLE_SPOT_INSTANCE_DRAINING=true")
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.do(func(tx *store.Tx) {
			for in := range store.Instances.All(tx) {
				in.Gone = tx.Now().Add(2 * time.Minute)
				store.Instances.Put(tx, in)
			}
		})
		w.after(time.Second)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstances.All(tx) {
				if want := map[string]string{"i-9": "DRAINING", "i-1": "ACTIVE"}[ci.EC2]; ci.Status != want {
					t.Errorf("%s is %s", ci.EC2, ci.Status)
				}
			}
		})
	})
}
