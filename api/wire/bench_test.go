package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// document is what a client sends to register a task definition of two containers.
func document(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/register-task-definition.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b)
}

func TestDocumentsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	var ours, theirs ecs.RegisterTaskDefinitionInput
	if err := newCodecs().camelIn.read(document(t), &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document(t), &theirs); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("got %+v, want %+v", ours, theirs)
	}
	out, err := newCodecs().camelOut.write(nil, &ours)
	if err != nil {
		t.Fatal(err)
	}
	var again ecs.RegisterTaskDefinitionInput
	if err := newCodecs().camelIn.read(out, &again); err != nil || !reflect.DeepEqual(ours, again) {
		t.Errorf("what was written reads differently: %v %s", err, out)
	}
}

// tasks is a full page of running tasks.
func tasks() *ecs.DescribeTasksOutput {
	now := time.UnixMilli(1700000000509)
	arn := func(kind string, i int) *string {
		return aws.String(fmt.Sprintf("arn:aws:ecs:us-east-1:123456789012:%s/demo/%032x", kind, i))
	}
	out := &ecs.DescribeTasksOutput{Failures: []types.Failure{}}
	for i := range 100 {
		out.Tasks = append(out.Tasks, types.Task{TaskArn: arn("task", i), ClusterArn: arn("cluster", 1), ContainerInstanceArn: arn("container-instance", 2),
			TaskDefinitionArn: aws.String("arn:aws:ecs:us-east-1:123456789012:task-definition/web:7"), Group: aws.String("service:web"),
			Attributes: []types.Attribute{{Name: aws.String("ecs.cpu-architecture"), Value: aws.String("x86_64")}}, AvailabilityZone: aws.String("us-east-1a"),
			Connectivity: types.ConnectivityConnected, ConnectivityAt: &now, CreatedAt: &now, StartedAt: &now, PullStartedAt: &now, PullStoppedAt: &now,
			Cpu: aws.String("256"), Memory: aws.String("512"), DesiredStatus: aws.String("RUNNING"), LastStatus: aws.String("RUNNING"), HealthStatus: types.HealthStatusHealthy,
			LaunchType: types.LaunchTypeEc2, StartedBy: aws.String("ecs-svc/1234567890123456789"), Version: 5, Tags: []types.Tag{}, Attachments: []types.Attachment{},
			//lint:ignore SA1019 ECS still answers it in every task
			Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("app")}}, InferenceAcceleratorOverrides: []types.InferenceAcceleratorOverride{}},
			Containers: []types.Container{{ContainerArn: arn("container", i), TaskArn: arn("task", i), Name: aws.String("app"), Image: aws.String("nginx:1.27"),
				RuntimeId: aws.String("4f2c9be0a1d34f2c9be0a1d34f2c9be0a1d34f2c9be0a1d34f2c9be0a1d34f2c"), LastStatus: aws.String("RUNNING"), HealthStatus: types.HealthStatusHealthy,
				NetworkBindings: []types.NetworkBinding{{BindIP: aws.String("0.0.0.0"), ContainerPort: aws.Int32(80), HostPort: aws.Int32(32768), Protocol: types.TransportProtocolTcp}},
				Cpu:             aws.String("256"), Memory: aws.String("512"), NetworkInterfaces: []types.NetworkInterface{}}}})
	}
	return out
}

func BenchmarkJSONDecode(b *testing.B) {
	body, c := document(b), newCodecs()
	run := func(name string, read func([]byte, any) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := read(body, new(ecs.RegisterTaskDefinitionInput)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("wire", c.camelIn.read)
	run("encoding-json", json.Unmarshal)
}

func BenchmarkJSONEncode(b *testing.B) {
	out, c := tasks(), newCodecs()
	run := func(name string, write func() ([]byte, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, err := write()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(body)))
			}
		})
	}
	var buf []byte // kept, as the handler keeps it
	run("wire", func() (_ []byte, err error) {
		buf, err = c.camelOut.write(buf[:0], out)
		return buf, err
	})
	run("encoding-json", func() ([]byte, error) { return json.Marshal(out) })
}
