package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Tasks is the answer of /_drydock/ps.
type Tasks struct {
	Where
	Tasks    []Task    `json:"tasks"`
	Services []Service `json:"services"`
}

// Task is one task as people look at it.
type Task struct {
	ID         string       `json:"id"`
	Cluster    string       `json:"cluster"`
	Service    string       `json:"service,omitempty"`
	Group      string       `json:"group,omitempty"`
	Revision   string       `json:"revision"`             // family:revision
	Launch     string       `json:"launchType,omitempty"` // EC2 or FARGATE
	Provider   string       `json:"capacityProvider,omitempty"`
	Instance   string       `json:"instance,omitempty"`  // none on Fargate
	Address    string       `json:"privateIp,omitempty"` // of its own network interface, where its ports answer
	Public     string       `json:"publicIp,omitempty"`  // of that interface
	Zone       string       `json:"zone,omitempty"`      // of that
	Placed     bool         `json:"placed"`
	Type       string       `json:"instanceType,omitempty"`
	Status     string       `json:"status"`
	Desired    string       `json:"desiredStatus"`
	Health     string       `json:"health"`
	CPU        int          `json:"cpu"`    // CPU units taken
	Memory     int          `json:"memory"` // MiB taken
	StopCode   string       `json:"stopCode,omitempty"`
	Reason     string       `json:"stoppedReason,omitempty"`
	Created    time.Time    `json:"createdAt,omitzero"`
	Started    time.Time    `json:"startedAt,omitzero"`
	Stopped    time.Time    `json:"stoppedAt,omitzero"`
	Containers []Container  `json:"containers"`
	Targets    []TaskTarget `json:"targets,omitempty"`
}

// Container is one container of a task.
type Container struct {
	Name      string `json:"name"`
	Image     string `json:"image"`
	RuntimeID string `json:"runtimeId,omitempty"`
	Status    string `json:"status"`
	Health    string `json:"health"`
	Exit      *int   `json:"exitCode,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Ports     []Port `json:"ports,omitempty"`
}

// Port is one container port as it is really bound, or as it answers on the address of its task.
type Port struct {
	Container int    `json:"containerPort"`
	Host      int    `json:"hostPort,omitempty"`
	Count     int    `json:"count,omitempty"` // of a range that begins with these ports
	Protocol  string `json:"protocol"`
	Bind      string `json:"bindAddress"` // of its task or its instance
}

// HostPorts and ContainerPorts are the port, or the range, at each end.
func (p Port) HostPorts() string      { return span(p.Host, p.Count) }
func (p Port) ContainerPorts() string { return span(p.Container, p.Count) }

func span(first, count int) string {
	if count < 2 {
		return strconv.Itoa(first)
	}
	return strconv.Itoa(first) + "-" + strconv.Itoa(first+count-1)
}

// TaskTarget is the membership of a task in a target group.
type TaskTarget struct {
	Group  string `json:"targetGroup"` // name
	Port   int    `json:"port"`
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

func (c *console) ps(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	out := Tasks{Where: where(sc), Tasks: []Task{}}
	cluster, all := r.URL.Query().Get("cluster"), yes(r, "all")
	err := c.store.View(sc, func(tx *store.Tx) error {
		out.Tasks = append(out.Tasks, listTasks(tx, cluster, all)...)
		out.Services = listServices(tx, cluster)
		return nil
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}

// listTasks returns the tasks of a cluster, of all when it is empty, by cluster, service and age;
// stopped ones only on demand.
func listTasks(tx *store.Tx, cluster string, stopped bool) (list []Task) {
	for t := range store.Tasks.All(tx) {
		if (stopped || t.Live()) && (cluster == "" || t.Birth.Cluster == cluster) {
			list = append(list, showTask(tx, t))
		}
	}
	slices.SortStableFunc(list, func(a, b Task) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Service, b.Service), a.Created.Compare(b.Created))
	})
	return list
}

func showTask(tx *store.Tx, t model.Task) Task {
	v := Task{ID: t.ID, Cluster: t.Birth.Cluster, Service: t.Birth.Service, Group: t.Birth.Group, Revision: t.Birth.Def,
		Status: t.Is.String(), Desired: t.Want.String(), Health: string(t.Health()), CPU: t.Needs.CPU, Memory: t.Needs.Memory,
		Launch: t.Birth.LaunchType, Provider: t.Birth.Provider, Placed: t.Placed(), StopCode: t.Stop.Code, Reason: t.Stop.Reason,
		Created: t.Times.Created, Started: t.Times.Started, Stopped: t.Times.Stopped, Containers: []Container{}}
	if ci, ok := store.ContainerInstances.Get(tx, t.Instance); ok {
		v.Instance = ci.EC2
		i, _ := store.Instances.Get(tx, ci.EC2)
		v.Type = i.Type.Name
	}
	at := t.Host
	if t.ENI != nil {
		at, v.Address, v.Zone = t.ENI.IP, t.ENI.IP, t.ENI.Zone
		n, _ := store.NetworkInterfaces.Get(tx, t.ENI.ID)
		v.Public = n.Public
	}
	for _, c := range t.Containers {
		v.Containers = append(v.Containers, showContainer(c, at))
	}
	for g := range store.TargetsByTask.Each(tx, t.ID) {
		h := health(tx, g)
		v.Targets = append(v.Targets, TaskTarget{Group: groupName(tx, g.Group), Port: g.Port, State: h.State, Reason: h.Reason})
	}
	return v
}

// rangeOf is how many ports a range binds; 0 for a port of its own.
func rangeOf(b model.Binding) int {
	if b.Last == 0 {
		return 0
	}
	return b.Count()
}

// showContainer shows a container whose ports answer on an address: that of the task or its instance.
func showContainer(c model.Container, address string) Container {
	v := Container{Name: c.Name, Image: c.Image, RuntimeID: c.RuntimeID, Status: c.Is.String(),
		Health: cmp.Or(string(c.Health), string(model.HealthUnknown)), Exit: c.Exit, Reason: c.Reason}
	for _, b := range c.Bindings {
		v.Ports = append(v.Ports, Port{Container: b.ContainerPort, Host: b.HostPort, Count: rangeOf(b), Protocol: b.Protocol, Bind: address})
	}
	return v
}
