package record

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// Format is the fields of a record, in their order.
type Format []field

// Default is the format of a flow log for which none is asked.
const Default = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} " +
	"${start} ${end} ${action} ${log-status}"

// ErrForm is that of a format that is not fields with single spaces between them.
var ErrForm = errors.New("want ${field-id}, separated by spaces")

// Beyond is the error of a field that AWS has and that cannot be told truly here.
type Beyond struct{ Field string }

func (b Beyond) Error() string { return fmt.Sprintf("the field ${%s} is not supported", b.Field) }

var form = regexp.MustCompile(`^\$\{[a-z0-9-]{1,64}\}( \$\{[a-z0-9-]{1,64}\})*$`)

// Parse reads a format such as Default. A field may be named more than once. Fields that nobody knows
// are ErrForm, as on AWS.
func Parse(s string) (Format, error) {
	if !form.MatchString(s) {
		return nil, ErrForm
	}
	var f Format
	for part := range strings.SplitSeq(s, " ") {
		name := part[2 : len(part)-1]
		if beyond[name] {
			return nil, Beyond{name}
		}
		known, ok := byName[name]
		if !ok {
			return nil, ErrForm
		}
		f = append(f, known)
	}
	return f, nil
}

var byName = func() map[string]field {
	m := map[string]field{}
	for _, f := range fields {
		m[f.name] = f
	}
	return m
}()

// Version is the highest of the fields' versions.
func (f Format) Version() (v int) {
	for _, x := range f {
		v = max(v, x.version)
	}
	return v
}

// Head is the first line of a file of records.
func (f Format) Head() string {
	names := make([]string, len(f))
	for i, x := range f {
		names[i] = x.name
	}
	return strings.Join(names, " ")
}

// The values of log-status.
const (
	OK       = "OK"
	NoData   = "NODATA"   // nothing passed the interface
	SkipData = "SKIPDATA" // some of what did was not counted
)

// Record is one flow of one interface within one window.
type Record struct {
	Version         int // of the format
	Account, Region string
	Status          string
	NIC             Interface
	Task            Task
	Flow            engine.Flow // Start and End alone unless Status is OK
}

// Interface is what the API shows of a network interface.
type Interface struct {
	ID, VPC, Subnet, ZoneID string
	Instance                string       // EC2 instance id; empty for one that a service manages
	CIDR                    netip.Prefix // of the VPC
	Nitro                   bool         // it is on a Nitro-based instance
}

// Task is the ECS task that has the interface; zero for none.
type Task struct {
	ID, ARN, Service, DefinitionARN         string
	Cluster, ClusterARN                     string
	ContainerInstance, ContainerInstanceARN string
	Containers                              []string // ids on the engine
}

func (t Task) container(i int) string {
	if i < len(t.Containers) {
		return t.Containers[i]
	}
	return ""
}

// Line is the record as a flow log has it. What does not apply is "-".
func (f Format) Line(r Record) string {
	r.Version = f.Version()
	values := make([]string, len(f))
	for i, x := range f {
		if x.value != nil && (r.Status == OK || x.always) {
			values[i] = x.value(r)
		}
		if values[i] == "" {
			values[i] = "-"
		}
	}
	return strings.Join(values, " ")
}
