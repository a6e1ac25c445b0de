package ecs

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// showENI shows the network interface of a task in awsvpc mode as its attachment: what is known of it,
// and nothing else. Of one that is not being attached yet that is the subnet, as in the answer of RunTask.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html
// and the answer of run-task in https://docs.aws.amazon.com/cli/latest/reference/ecs/run-task.html
func showENI(tx *store.Tx, t model.Task) []types.Attachment {
	if t.ENI == nil {
		return []types.Attachment{}
	}
	e := *t.ENI
	if t.Is == model.Provisioning {
		e = model.ENI{Attachment: e.Attachment, Subnet: e.Subnet}
	}
	name := ""
	if e.IP != "" {
		name = tx.Scope().PrivateName(e.IP)
	}
	details := []types.KeyValuePair{}
	for _, d := range []struct{ name, value string }{{"subnetId", e.Subnet}, {"networkInterfaceId", e.ID}, {"macAddress", e.MAC},
		{"privateDnsName", name}, {"privateIPv4Address", e.IP}} {
		if d.value != "" {
			details = append(details, types.KeyValuePair{Name: aws.String(d.name), Value: aws.String(d.value)})
		}
	}
	return []types.Attachment{{Id: aws.String(e.Attachment), Type: aws.String("ElasticNetworkInterface"), Status: aws.String(attachment(t)), Details: details}}
}

// attachment is how far the interface of t is: it is made when the task finds its place, is in the
// task's network namespace once containers can run there, and goes with the task.
func attachment(t model.Task) string {
	switch {
	case t.Is == model.Stopped:
		return "DELETED"
	case t.Is == model.Provisioning:
		return "PRECREATED"
	case t.Is == model.Pending:
		return "ATTACHING"
	case t.Is >= model.Deprovisioning:
		return "DETACHING"
	}
	return "ATTACHED"
}

// showInterfaces shows what a container has of the task's network interface.
func showInterfaces(t model.Task) []types.NetworkInterface {
	if t.ENI == nil || t.ENI.IP == "" || t.Is == model.Provisioning {
		return []types.NetworkInterface{}
	}
	return []types.NetworkInterface{{AttachmentId: aws.String(t.ENI.Attachment), PrivateIpv4Address: aws.String(t.ENI.IP)}}
}
