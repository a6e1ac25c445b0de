package daemon

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/ec2"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

const exporting = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"sts:AssumeRole"}}`

// TestCallsHaveFilesWrittenOnlyWhereTheDeveloperAllowsIt makes log destinations and flow logs of directories
// that are there: any container of a task may call the API as the account's root.
func TestCallsHaveFilesWrittenOnlyWhereTheDeveloperAllowsIt(t *testing.T) {
	named, other, data := t.TempDir(), t.TempDir(), t.TempDir()
	d, err := open(Config{DataDir: data, ExportDirs: []string{named}, Engine: "sim", Region: "us-east-1", Account: "000000000000", Listen: "127.0.0.1:0", TimeScale: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.close() })
	for _, dir := range []string{filepath.Join(data, "exports", "in"), filepath.Join(named, "in")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, filepath.Join(named, "out")); err != nil {
		t.Fatal(err)
	}
	if err := d.store.Update(d.scope().Global(), func(tx *store.Tx) error {
		store.Roles.Put(tx, model.Role{Name: "ship", Path: "/", ID: "AROASHIP", Trust: exporting})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ rule, dir, says string }{
		{"one beneath the data directory, for that", filepath.Join(data, "exports/in"), ""},
		{"one that was named", named, ""},
		{"one beneath it", filepath.Join(named, "in"), ""},
		{"any other that is there", other, "start it with --export-dir " + other + " to allow another"},
		{"the data directory", data, "--export-dir"},
		{"one beside, by dots", named + "/../" + filepath.Base(other), "--export-dir"},
		{"one that a link leads to", filepath.Join(named, "out"), "path escapes"},
		{"one that is not there", filepath.Join(named, "none"), "no such file or directory"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, err := d.do("logs", "PutDestination", &cloudwatchlogs.PutDestinationInput{DestinationName: aws.String("d"), RoleArn: aws.String(d.scope().IAM("role/ship")),
				TargetArn: aws.String("dir://" + tt.dir)})
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), "InvalidParameterException") || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("PutDestination: %v", err)
			}
			if said := d.flowLog(t, "dir://"+tt.dir); (said != "") != (tt.says != "") || !strings.Contains(said, tt.says) || said != "" && !strings.HasPrefix(said, "400 LogDestination: ") {
				t.Errorf("CreateFlowLogs: %s", said)
			}
		})
	}
	if left, _ := os.ReadDir(other); len(left) > 0 {
		t.Errorf("outside is %v", left)
	}
}

// do calls one operation as the account's root.
func (d *daemon) do(service, op string, in any) (any, error) {
	all := d.services()
	s := all[slices.IndexFunc(all, func(s wire.Service) bool { return s.Name == service })]
	return s.Ops[op].Do(context.Background(), wire.Call{Scope: d.scope()}, in)
}

// flowLog makes a flow log of a new VPC that is to write to a directory, and returns why that failed.
func (d *daemon) flowLog(t *testing.T, dir string) string {
	t.Helper()
	vpc, err := d.do("ec2", "CreateVpc", &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	id := vpc.(*ec2.CreateVpcOutput).Vpc.VpcId
	out, err := d.do("ec2", "CreateFlowLogs", &ec2.CreateFlowLogsInput{ResourceType: aws.String("VPC"), ResourceIds: []string{id},
		TrafficType: aws.String("ALL"), LogDestinationType: aws.String("s3"), LogDestination: &dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.do("ec2", "DeleteVpc", &ec2.DeleteVpcInput{VpcId: &id}); err != nil {
		t.Fatal(err)
	}
	for _, u := range out.(*ec2.CreateFlowLogsOutput).Unsuccessful {
		return u.Error.Code + " " + u.Error.Message
	}
	return ""
}

func TestAnExportDirectoryThatCannotBe(t *testing.T) {
	for _, dir := range []string{"/none/such", ""} {
		if _, err := (home{t.TempDir()}).exports([]string{dir}); err == nil || !strings.Contains(err.Error(), "--export-dir") {
			t.Errorf("%q: %v", dir, err)
		}
	}
}
