package ecs

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestDescribeTasksShowsTheNetworkInterface(t *testing.T) {
	w := seed(t)
	id := instanceOf(88)
	put := func(is model.Status, ip, mac string) {
		w.update(func(tx *store.Tx) {
			d, _ := store.TaskDefs.Get(tx, "web:1")
			task := d.NewTask(id, model.Birth{Cluster: "demo", LaunchType: "FARGATE", Provider: "FARGATE_SPOT", Platform: "1.4.0"}, func() string { return "u" }, tx.Now())
			task.Is = is
			task.ENI = &model.ENI{ID: "eni-1", Attachment: "a-1", Subnet: "subnet-1", Zone: "us-east-1b", IP: ip, MAC: mac}
			task.Containers[0].Bindings = []model.Binding{{ContainerPort: 80, Protocol: "tcp", Dial: ip + ":80"}}
			store.Tasks.Put(tx, task)
		})
	}
	for _, c := range []struct {
		rule    string
		is      model.Status
		ip, mac string
		want    string
	}{
		{"before it is attached only its subnet is told", model.Provisioning, "172.17.0.5", "02:42:ac:11:00:05", "PRECREATED subnetId=subnet-1"},
		{"then all of it", model.Pending, "172.17.0.5", "02:42:ac:11:00:05",
			"ATTACHING subnetId=subnet-1 networkInterfaceId=eni-1 macAddress=02:42:ac:11:00:05 privateDnsName=ip-172-17-0-5.ec2.internal privateIPv4Address=172.17.0.5"},
		{"it is attached once containers run there", model.Activating, "172.17.0.5", "02:42:ac:11:00:05",
			"ATTACHED subnetId=subnet-1 networkInterfaceId=eni-1 macAddress=02:42:ac:11:00:05 privateDnsName=ip-172-17-0-5.ec2.internal privateIPv4Address=172.17.0.5"},
		{"it leaves when they ended", model.Deprovisioning, "172.17.0.5", "02:42:ac:11:00:05",
			"DETACHING subnetId=subnet-1 networkInterfaceId=eni-1 macAddress=02:42:ac:11:00:05 privateDnsName=ip-172-17-0-5.ec2.internal privateIPv4Address=172.17.0.5"},
		{"it goes with the task", model.Stopped, "172.17.0.5", "02:42:ac:11:00:05",
			"DELETED subnetId=subnet-1 networkInterfaceId=eni-1 macAddress=02:42:ac:11:00:05 privateDnsName=ip-172-17-0-5.ec2.internal privateIPv4Address=172.17.0.5"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			put(c.is, c.ip, c.mac)
			task := must(w.client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("demo"), Tasks: []string{id}}))(t).Tasks[0]
			a := task.Attachments[0]
			got := *a.Status
			for _, d := range a.Details {
				got += " " + *d.Name + "=" + *d.Value
			}
			w.equal(got, c.want)
			w.equal(line(*a.Type, *a.Id, *task.AvailabilityZone, *task.PlatformFamily, *task.PlatformVersion, *task.CapacityProviderName, task.LaunchType, task.ContainerInstanceArn == nil),
				"ElasticNetworkInterface a-1 us-east-1b Linux 1.4.0 FARGATE_SPOT FARGATE true")
			con := task.Containers[0]
			w.equal(len(con.NetworkBindings), 0)
			w.equal(names(con.NetworkInterfaces, func(n types.NetworkInterface) string { return *n.AttachmentId + " " + *n.PrivateIpv4Address }),
				map[bool][]string{true: {"a-1 172.17.0.5"}}[c.is != model.Provisioning])
		})
	}
}
