package console

import (
	"net/http"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Instances is the answer of /_drydock/instances.
type Instances struct {
	Where
	Clusters  []string   `json:"clusters"` // names of those that are ACTIVE
	Instances []Instance `json:"instances"`
}

// Instance is one EC2 instance with what its container instance, if it has one, has left.
type Instance struct {
	ID        string      `json:"id"`
	Type      string      `json:"type"`
	Zone      string      `json:"zone"`
	State     string      `json:"state"`
	Reason    string      `json:"stateReason,omitempty"`
	PrivateIP string      `json:"privateIp"` // its host ports answer there
	Public    string      `json:"publicIp,omitempty"`
	VCPU      int         `json:"vcpu"`
	Memory    int         `json:"memory"`                    // MiB
	Profile   string      `json:"instanceProfile,omitempty"` // its name
	Refused   string      `json:"notRegistered,omitempty"`   // why its agent could not register with the cluster of its user data
	Cluster   string      `json:"cluster,omitempty"`
	Member    *Membership `json:"containerInstance,omitempty"`
}

// Membership is an instance's place in its cluster.
type Membership struct {
	ID        string           `json:"id"`
	Status    string           `json:"status"`
	Connected bool             `json:"agentConnected"`
	Refused   string           `json:"agentRefused,omitempty"` // why ECS refuses its agent
	Provider  string           `json:"capacityProvider,omitempty"`
	CPU       int              `json:"registeredCpu"`    // CPU units
	Memory    int              `json:"registeredMemory"` // MiB
	CPULeft   int              `json:"remainingCpu"`
	MemLeft   int              `json:"remainingMemory"`
	Running   int              `json:"runningTasks"`
	Pending   int              `json:"pendingTasks"`
	Ports     []model.HostPort `json:"hostPorts,omitempty"` // taken by tasks
}

func (c *console) instances(w http.ResponseWriter, _ *http.Request, sc model.Scope) error {
	out := Instances{Where: where(sc), Clusters: []string{}}
	err := c.store.View(sc, func(tx *store.Tx) error {
		for cl := range store.Clusters.All(tx) {
			if cl.Status == "ACTIVE" {
				out.Clusters = append(out.Clusters, cl.Name)
			}
		}
		out.Instances = listInstances(tx)
		return nil
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}

func listInstances(tx *store.Tx) []Instance {
	list := []Instance{}
	for i := range store.Instances.All(tx) {
		v := Instance{ID: i.ID, Type: i.Type.Name, Zone: i.Zone, State: i.State, Reason: i.StateReason,
			VCPU: i.Type.VCPU, Memory: i.Type.Memory, Profile: i.ProfileName(), Refused: i.Refused}
		if i.State != "terminated" { // its address is another's, perhaps
			v.PrivateIP = i.PrivateIP
		}
		if first, ok := nic.Primary(tx, i.ID); ok {
			v.Public = first.Public
		}
		for ci := range store.ContainerInstancesByEC2.Each(tx, i.ID) {
			v.Cluster = ci.Cluster
			v.Member = showMembership(tx, ci)
		}
		list = append(list, v)
	}
	return list
}

func showMembership(tx *store.Tx, ci model.ContainerInstance) *Membership {
	u := store.Usage.Get(tx, ci.ID)
	return &Membership{ID: ci.ID, Status: ci.Status, Connected: ci.Connected, Refused: ci.Refused, Provider: ci.Provider, CPU: ci.CPU, Memory: ci.Memory,
		CPULeft: ci.CPU - u.CPU, MemLeft: ci.Memory - u.Memory, Running: u.Running, Pending: u.Pending, Ports: store.Ports(tx, ci.ID)}
}
