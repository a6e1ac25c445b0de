package logs

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

var update = flag.Bool("update", false, "write docs/operations-logs.md anew")

const table = "../../docs/operations-logs.md"

// ignored are members that CloudWatch Logs itself does not look at any more.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html and API_PutLogEvents.html
var ignored = []string{"Interleaved", "SequenceToken"}

// refusedValues are values that are refused of members that act.
var refusedValues = map[string]string{"CreateLogGroup": "logGroupClass other than STANDARD"}

// reasons say why operations are refused, by what their names have in them; the first that fits.
var reasons = []struct{ part, why string }{
	{"LiveTail", "its clients call another host, streaming-…; use aws logs tail --follow or drydock logs --group NAME -f"},
	{"ListLogGroups", "use DescribeLogGroups"},
	{"DeletionProtection", "groups are not protected"},
	{"MetricFilter", "there are no metric filters"},
	{"SubscriptionFilter", "there are no subscription filters"},
	{"Kms", "there is no KMS"},
	{"S3", "there is no S3"},
	{"Export", "there is no S3"},
	{"Quer", "there is no Logs Insights"},
	{"Log", "there is no Logs Insights, and there are no anomaly detectors"},
	{"Index", "there is no Logs Insights"},
	{"Lookup", "there is no Logs Insights"},
	{"Policy", "there are no policies of accounts, data protection or destinations"},
	{"Policies", "there are no policies of accounts, data protection or destinations"},
	{"Deliver", "there are no deliveries of vended logs"},
	{"Destination", "there are no destinations"},
	{"", "not emulated"},
}

// TestOperationsTable walks every operation of the SDK and every member of its input: what does not act
// is refused by name. It writes what it found as a table.
func TestOperationsTable(t *testing.T) {
	w := start(t)
	source := sources(t)
	ops := operations(handlers{w.log})
	service := Service(w.store, w.log)
	var doc bytes.Buffer
	fmt.Fprint(&doc, tableHead)
	for m := range reflect.TypeFor[*sdk.Client]().Methods() {
		name := m.Name
		if m.Type.NumIn() < 3 || m.Type.In(2).Kind() != reflect.Pointer || m.Type.In(2).Elem().Name() != name+"Input" {
			continue
		}
		o, acts := ops[name]
		if acts == slices.Contains(known, name) {
			t.Errorf("%s: it must either act or be known as refused", name)
		}
		if !acts {
			at := slices.IndexFunc(reasons, func(r struct{ part, why string }) bool { return strings.Contains(name, r.part) })
			fmt.Fprintf(&doc, "| %s | refused | %s |\n", name, reasons[at].why)
			continue
		}
		refused := refusals(t, name, strings.Fields(o.acts), service.Ops[name], source)
		if v := refusedValues[name]; v != "" {
			refused = append(refused, v)
		}
		state := "acts"
		if len(refused) > 0 {
			state = "acts except"
		}
		fmt.Fprintf(&doc, "| %s | %s | %s |\n", name, state, strings.Join(refused, ", "))
	}
	fmt.Fprint(&doc, tableTail)
	if *update {
		if err := os.WriteFile(table, doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(table); err != nil || !bytes.Equal(have, doc.Bytes()) {
		t.Errorf("%s is stale (%v); write it anew: go test ./api/logs -run TestOperationsTable -update", table, err)
	}
}

// refusals returns the members that an operation refuses, and complains of those that act and are not
// read, or do neither.
func refusals(t *testing.T, name string, acts []string, op wire.Op, source string) (refused []string) {
	in := reflect.TypeOf(op.In()).Elem()
	for _, a := range acts {
		if _, ok := in.FieldByName(a); !ok {
			t.Errorf("%s has no member %s", name, a)
		}
		if read := regexp.MustCompile(`\bin\.` + a + `\b`); !slices.Contains(ignored, a) && !read.MatchString(source) {
			t.Errorf("%s of %s acts and is not read", a, name)
		}
	}
	for f := range in.Fields() {
		if !f.IsExported() || slices.Contains(acts, f.Name) {
			continue
		}
		v := reflect.New(in)
		fill(v.Elem().FieldByIndex(f.Index))
		_, err := op.Do(t.Context(), wire.Call{Scope: scope}, v.Interface())
		if member := wireName(f.Name); err == nil || !strings.Contains(err.Error(), "the parameter "+member) {
			t.Errorf("%s of %s is neither read nor refused: %v", member, name, err)
		} else {
			refused = append(refused, "`"+member+"`")
		}
	}
	return refused
}

// fill sets v to something that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x"), reflect.ValueOf("y"))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	}
}

func sources(t *testing.T) string {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

const tableHead = `# Operations of Amazon CloudWatch Logs

Every operation of the CloudWatch Logs API, as of the SDK that Drydock is built with. *Acts* means that
every parameter has its effect; *acts except* names the parameters and values that are refused with an
error that names them; *refused* operations answer an error that names the operation. Nothing is
accepted and ignored.

This page is written by a test that reads the code: ` + "`go test ./api/logs -run TestOperationsTable -update`" + `.

| Operation | State | Refused |
|---|---|---|
`

const tableTail = `
## What is kept, and for how long

- Events are files under ` + "`logs`" + ` in the data directory. What PutLogEvents or a container wrote survives a
  daemon that is killed. A machine that goes down loses the last second at most.
- Events older than their group's retention are not shown, from that moment on; their files go within a
  minute after the last of them is that old. Retention counts real days, whatever ` + "`--time-scale`" + ` says.
- All events together take 1 GiB at most, or what ` + "`drydock serve --logs-limit`" + ` says: the oldest go first,
  whatever their group. The daemon's log says so.
- The events of a deleted stream are out of reach at once; their place on disk is free once the group is
  deleted, or with the events around them.
- ` + "`interleaved`" + ` and ` + "`sequenceToken`" + ` are looked at on AWS as little as here: events are always interleaved.
- storedBytes of a group is what it takes on disk, which AWS counts some hours late; that of streams is 0, as on AWS.
- In filter patterns a term matches anywhere in the message; a comparison with a selector that is not in
  the message is false, also with !=.
`
