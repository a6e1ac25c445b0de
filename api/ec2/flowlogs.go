package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// CreateFlowLogsInput asks for flow logs, one for each resource.
type CreateFlowLogsInput struct {
	DryRun                   *bool
	ClientToken              *string
	DeliverLogsPermissionArn *string
	LogGroupName             *string
	ResourceIds              []string `wire:"ResourceId"`
	ResourceType             *string
	TrafficType              *string
	LogDestinationType       *string
	LogDestination           *string
	LogFormat                *string
	TagSpecifications        []TagSpecification `wire:"TagSpecification"`
	MaxAggregationInterval   *int32
	DestinationOptions       *DestinationOptions

	DeliverCrossAccountRole any
}

// DestinationOptions are how files are laid out.
type DestinationOptions struct {
	FileFormat               *string
	HiveCompatiblePartitions *bool
	PerHourPartition         *bool
}

// CreateFlowLogsOutput names the flow logs that were made, and tells of those that were not.
type CreateFlowLogsOutput struct {
	ClientToken  *string
	FlowLogIds   []string `wire:"flowLogIdSet"`
	Unsuccessful []Unsuccessful
}

// Unsuccessful is one resource for which something failed.
type Unsuccessful struct {
	ResourceId string
	Error      UnsuccessfulError
}

// UnsuccessfulError says why.
type UnsuccessfulError struct{ Code, Message string }

var flowLogKind = kind{"fl-", "vpc-flow-log", "InvalidFlowLogId.NotFound", "flow log ID", "InvalidFlowLogId.Malformed"}

// The limits of flow logs.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-flow-logs
const (
	mostFlowLogs    = 2 // of one resource
	mostFlowLogIDs  = 1000
	flowLogsService = "vpc-flow-logs.amazonaws.com"
)

// reaching binds CreateFlowLogs. The directory that is named is looked at before the transaction, so that
// nobody waits for one that does not answer.
func reaching(o Options) handler.Bind {
	return func(s *store.Store) wire.Op {
		bind := func(unreached error) wire.Op {
			return write(func(tx *store.Tx, in *CreateFlowLogsInput) (*CreateFlowLogsOutput, error) {
				return createFlowLogs(tx, in, unreached)
			})(s)
		}
		return wire.Op{In: bind(nil).In, Do: func(ctx context.Context, c wire.Call, in any) (any, error) {
			var unreached error
			if path, ok := directory.Of(str(in.(*CreateFlowLogsInput).LogDestination)); ok && o.Directory != nil {
				unreached = o.Directory(path)
			}
			return bind(unreached).Do(ctx, c, in)
		}}
	}
}

// createFlowLogs makes a flow log for each resource. What is wrong with the request makes none; what is
// wrong with one of several resources is told beside the others' ids. unreached is what is wrong with the
// directory, if one is named.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func createFlowLogs(tx *store.Tx, in *CreateFlowLogsInput, unreached error) (*CreateFlowLogsOutput, error) {
	out := &CreateFlowLogsOutput{ClientToken: in.ClientToken, FlowLogIds: []string{}, Unsuccessful: []Unsuccessful{}}
	before, err := flowLogsBefore(tx, in)
	if before != nil || err != nil {
		out.FlowLogIds = before
		return out, err
	}
	l, err := plannedFlowLog(tx, in)
	if err != nil {
		return nil, err
	}
	for _, id := range uniq(in.ResourceIds) {
		l.ID, l.Resource = "fl-"+ids.Hex(17), id
		switch err := refusedFlowLog(tx, l, unreached); {
		case err == nil:
			store.FlowLogs.Put(tx, l)
			out.FlowLogIds = append(out.FlowLogIds, l.ID)
		case len(in.ResourceIds) == 1 && err.Code != "400":
			return nil, fail(err.Code, "%s", err.Message)
		default:
			out.Unsuccessful = append(out.Unsuccessful, Unsuccessful{id, *err})
		}
	}
	return out, nil
}

func uniq(all []string) (once []string) {
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// flowLogsBefore are those that an earlier request with the same token made, if one did.
func flowLogsBefore(tx *store.Tx, in *CreateFlowLogsInput) (made []string, err error) {
	token := str(in.ClientToken)
	if token == "" {
		return nil, nil
	}
	if len(token) > 64 {
		return nil, fail("InvalidParameterValue", "The client token must be at most 64 characters long")
	}
	for l := range store.FlowLogs.All(tx) {
		if l.Token != token {
			continue
		}
		if l.Request != flowLogDigest(in) {
			return nil, fail("IdempotentParameterMismatch", "The client token %s was used before with different parameters", token)
		}
		made = append(made, l.ID)
	}
	return made, nil
}

func flowLogDigest(in *CreateFlowLogsInput) string {
	b, _ := json.Marshal(in) // plain data
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// plannedFlowLog is what all flow logs of a request have in common.
func plannedFlowLog(tx *store.Tx, in *CreateFlowLogsInput) (l model.FlowLog, err error) {
	l = model.FlowLog{Created: tx.Now(), Token: str(in.ClientToken), Request: flowLogDigest(in)}
	if l.ResourceType, err = flowLogResources(tx, in); err != nil {
		return l, err
	}
	switch l.Traffic = str(in.TrafficType); l.Traffic {
	case "ACCEPT", "REJECT", "ALL":
	case "":
		return l, missing("TrafficType")
	default:
		return l, fail("InvalidParameterValue", "Value ( %s ) for parameter trafficType is invalid. Expecting ACCEPT, REJECT or ALL.", l.Traffic)
	}
	if err := flowLogDestination(tx, in, &l); err != nil {
		return l, err
	}
	if l.Format, err = flowLogFormat(str(in.LogFormat)); err != nil {
		return l, err
	}
	l.Interval = 600 * time.Second
	if i := in.MaxAggregationInterval; i != nil {
		if l.Interval = time.Duration(*i) * time.Second; *i != 60 && *i != 600 {
			return l, fail("InvalidParameter", "Invalid Flow Log Max Aggregation Interval")
		}
	}
	l.Tags, err = tagsOf(in.TagSpecifications, flowLogKind)
	return l, err
}

// flowLogResources checks that all resources are there, and of the type.
func flowLogResources(tx *store.Tx, in *CreateFlowLogsInput) (typ string, err error) {
	switch typ = str(in.ResourceType); {
	case typ == "":
		return "", missing("ResourceType")
	case len(in.ResourceIds) == 0:
		return "", missing("ResourceId")
	case len(in.ResourceIds) > mostFlowLogIDs:
		return "", fail("InvalidParameterValue", "At most %d resources can be given", mostFlowLogIDs)
	}
	switch typ {
	case "VPC":
		_, err = find(tx, store.VPCs, vpcKind, in.ResourceIds)
	case "Subnet":
		_, err = find(tx, store.Subnets, subnetKind, in.ResourceIds)
	case "NetworkInterface":
		_, err = find(tx, store.NetworkInterfaces, interfaceKind, in.ResourceIds)
	case "TransitGateway", "TransitGatewayAttachment", "RegionalNatGateway":
		err = fail("UnsupportedOperation", "Drydock does not support the ResourceType %s.", typ)
	default:
		err = fail("InvalidParameterValue", "Value ( %s ) for parameter resourceType is invalid. Expecting VPC, Subnet or NetworkInterface.", typ)
	}
	return typ, err
}

// refusedFlowLog says why one resource cannot have a flow log; nil if it can. The code 400 is what AWS
// has for destinations that cannot be written to.
func refusedFlowLog(tx *store.Tx, l model.FlowLog, unreached error) *UnsuccessfulError {
	if l.Directory != "" && unreached != nil {
		return &UnsuccessfulError{"400", "LogDestination: " + l.Directory + " cannot be written to: " + unreached.Error()}
	}
	n := 0
	for other := range store.FlowLogs.All(tx) {
		if other.Resource != l.Resource {
			continue
		}
		if n++; other.Traffic == l.Traffic && other.Group == l.Group && other.Directory == l.Directory {
			return &UnsuccessfulError{"FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination."}
		}
	}
	if n >= mostFlowLogs {
		return &UnsuccessfulError{"FlowLogsLimitExceeded", "The maximum number of flow logs of " + l.Resource + " has been reached."}
	}
	return nil
}

// DeleteFlowLogsInput names flow logs to delete.
type DeleteFlowLogsInput struct {
	DryRun     *bool
	FlowLogIds []string `wire:"FlowLogId"`
}

// DeleteFlowLogsOutput says that all are gone.
type DeleteFlowLogsOutput struct{ Unsuccessful []Unsuccessful }

func deleteFlowLogs(tx *store.Tx, in *DeleteFlowLogsInput) (*DeleteFlowLogsOutput, error) {
	if len(in.FlowLogIds) == 0 {
		return nil, missing("FlowLogId")
	}
	found, err := flowLogs(tx, in.FlowLogIds)
	for _, l := range found {
		store.FlowLogs.Delete(tx, l.ID)
	}
	return &DeleteFlowLogsOutput{[]Unsuccessful{}}, err
}

// flowLogs returns those with the ids, each once, or an error in the words that flow logs have for it.
func flowLogs(tx *store.Tx, ids []string) (found []model.FlowLog, err error) {
	var gone []string
	for _, id := range uniq(ids) {
		if flowLogKind.check(id) != nil {
			return nil, fail("InvalidParameterValue", "1 validation error detected: Value '%s' at 'flowLogId' has an invalid format", id)
		}
		if l, ok := store.FlowLogs.Get(tx, id); ok {
			found = append(found, l)
		} else {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		return nil, fail("InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: %d] %s", len(gone), strings.Join(gone, " "))
	}
	return found, nil
}
