package ec2

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/optable"
)

var update = flag.Bool("update", false, "write docs/operations-ec2.md anew")

const tablePath = "../../docs/operations-ec2.md"

const tableHead = `# Operations of Amazon EC2

The operations of the API of Amazon EC2 that Drydock serves, and those that people try beside them. *Acts* means that
every parameter has its effect; *acts except* names the parameters and values that are refused with an error that names
them; *refused* operations answer an error that names the operation. Operations that are not here are refused as
` + "`InvalidAction`" + `. Nothing is accepted and ignored.

This page is written by a test that reads the code: ` + "`go test ./api/ec2 -run TestOperationsTable -update`" + `.

| Operation | State | Refused |
|---|---|---|
`

const tableTail = `
Rules with an IPv6 range are kept and shown, and let nothing through: no network interface here has an IPv6 address.
`

// values are those that are refused of members that act.
var values = map[string][]string{
	"AllocateAddress":               {"Domain other than vpc", "PublicIpv4Pool other than amazon"},
	"AuthorizeSecurityGroupEgress":  {"groups of other accounts"},
	"AuthorizeSecurityGroupIngress": {"groups of other accounts"},
	"CreateFlowLogs": {"ResourceType of transit and NAT gateways", "LogDestination of a bucket (a directory instead)",
		"LogDestinationType kinesis-data-firehose", "FileFormat parquet", "fields of LogFormat that nothing here has"},
	"CreateNetworkInterface":          {"InterfaceType other than interface", "secondary addresses"},
	"CreateRoute":                     {"DestinationCidrBlock other than 0.0.0.0/0", "GatewayId other than an internet gateway"},
	"CreateVpc":                       {"InstanceTenancy other than default"},
	"ModifyInstanceAttribute":         {"SourceDestCheck=false"},
	"ModifyNetworkInterfaceAttribute": {"SourceDestCheck=false"},
	"ModifySubnetAttribute":           {"PrivateDnsHostnameTypeOnLaunch other than ip-name"},
	"ReplaceRoute":                    {"DestinationCidrBlock other than 0.0.0.0/0", "GatewayId other than an internet gateway"},
	"RevokeSecurityGroupEgress":       {"groups of other accounts"},
	"RevokeSecurityGroupIngress":      {"groups of other accounts"},
	"RunInstances":                    {"InstanceInitiatedShutdownBehavior other than stop", "Placement.Tenancy other than default", "a second NetworkInterface"},
}

// unread are members that nothing reads by design.
var unread = map[string]string{
	"TerminateInstancesInput.SkipOsShutdown":                 "nothing shuts down an operating system here, so it is skipped anyway",
	"TerminateInstancesInput.Force":                          "an instance always ends",
	"DescribeNetworkInterfacesInput.IncludeManagedResources": "managed ones are never hidden",
	"DescribeAvailabilityZonesInput.AllAvailabilityZones":    "there are no zones to opt in to",
}

func TestOperationsTable(t *testing.T) {
	read := optable.Read(t, "api/ec2", "api/ec2")
	lines := map[string]string{}
	for name, bind := range operations(Options{}) {
		in := reflect.TypeOf(bind(nil).In()).Elem()
		members(t, read, in, nil)
		excepts := []string{}
		for _, m := range slices.Sorted(slices.Values(append(refusals(in, ""), unknown(in, "")...))) {
			excepts = append(excepts, "`"+m+"`")
		}
		excepts = append(excepts, values[name]...)
		state := "acts"
		if len(excepts) > 0 {
			state = "acts except"
		}
		lines[name] = fmt.Sprintf("| %s | %s | %s |\n", name, state, strings.Join(excepts, ", "))
	}
	for name := range strings.FieldsSeq(known) {
		lines[name] = fmt.Sprintf("| %s | refused | |\n", name)
	}
	var doc bytes.Buffer
	doc.WriteString(tableHead)
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		doc.WriteString(lines[name])
	}
	doc.WriteString(tableTail)
	if *update {
		if err := os.WriteFile(tablePath, doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(tablePath); err != nil || !bytes.Equal(have, doc.Bytes()) {
		t.Errorf("%s is stale (%v); write it anew: go test ./api/ec2 -run TestOperationsTable -update", tablePath, err)
	}
}

// unknown are the paths of the members that the codec refuses, whatever they say.
func unknown(t reflect.Type, prefix string) (paths []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("wire"), ",")
		if name == "" {
			name = f.Name
		}
		if f.Type.Kind() == reflect.Interface {
			paths = append(paths, prefix+name)
		} else if f.Tag.Get("acts") != "no" {
			paths = append(paths, unknown(f.Type, prefix+name+".")...)
		}
	}
	return paths
}

// members complains of those of an input that are neither read nor refused.
func members(t *testing.T, read optable.Members, in reflect.Type, above []reflect.Type) {
	t.Helper()
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice {
		in = in.Elem()
	}
	if in.Kind() != reflect.Struct || in.PkgPath() == "time" || slices.Contains(above, in) {
		return
	}
	for f := range in.Fields() {
		name := in.Name() + "." + f.Name
		switch {
		case f.Name == "DryRun", f.Tag.Get("acts") == "no", f.Type.Kind() == reflect.Interface, unread[name] != "", in.Name() == "":
		case !read[name] && refusing(f.Type):
		case !read[name]:
			t.Errorf("%s is neither read nor refused", name)
		default:
			members(t, read, f.Type, append(above, in))
		}
	}
}

// refusing reports whether a struct has no member that acts.
func refusing(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t.NumField() == len(refusals(t, ""))
}
