package probe

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// Identity says who answers. What is not known is left out.
type Identity struct {
	Container string    `json:"container"` // the engine's id, its first 12 digits where no more is known
	Hostname  string    `json:"hostname"`
	Name      string    `json:"name,omitempty"` // in the task definition
	Instance  string    `json:"instance,omitempty"`
	Cluster   string    `json:"cluster,omitempty"`
	Task      string    `json:"task,omitempty"`     // ARN
	HostPort  int       `json:"hostPort,omitempty"` // of the first port mapping
	Started   time.Time `json:"started"`
}

// metadataLimit bounds the line that says what is known of the container.
const metadataLimit = 64 << 10

// identity learns once what the engine says after the start.
type identity struct {
	base Identity
	full atomic.Pointer[Identity]
}

func newIdentity(env func(string) string) *identity {
	host, _ := os.Hostname() // what the engine wrote to /etc/hostname
	return &identity{base: Identity{Container: host, Hostname: host, Name: env("DRYDOCK_CONTAINER_NAME"),
		Instance: env("DRYDOCK_INSTANCE_ID"), Task: env("DRYDOCK_TASK_ARN"), Started: time.Now().UTC()}}
}

func (i *identity) get() Identity {
	if p := i.full.Load(); p != nil {
		return *p
	}
	return i.base
}

// learn reads lines until one is the container's metadata. Its members are named as in the file
// that the ECS agent writes.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-metadata.html
func (i *identity) learn(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, metadataLimit)
	for lines.Scan() {
		var m struct {
			Cluster, TaskARN, ContainerID, ContainerName string

			PortMappings []struct{ HostPort int }
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.ContainerID == "" {
			continue
		}
		id := i.base
		id.Container, id.Cluster = m.ContainerID, m.Cluster
		id.Name = cmp.Or(m.ContainerName, id.Name)
		id.Task = cmp.Or(m.TaskARN, id.Task)
		if len(m.PortMappings) > 0 {
			id.HostPort = m.PortMappings[0].HostPort
		}
		i.full.Store(&id)
		return
	}
}
