package ec2

import (
	"errors"
	"regexp"
	"strings"

	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// flowLogDestination sets where the records go.
func flowLogDestination(tx *store.Tx, in *CreateFlowLogsInput, l *model.FlowLog) error {
	group, to := str(in.LogGroupName), str(in.LogDestination)
	switch typ := str(in.LogDestinationType); {
	case typ == "kinesis-data-firehose":
		return fail("UnsupportedOperation", "Drydock does not support the LogDestinationType kinesis-data-firehose.")
	case typ != "" && typ != "cloud-watch-logs" && typ != "s3":
		return fail("InvalidParameterValue", "Value ( %s ) for parameter logDestinationType is invalid. Expecting cloud-watch-logs or s3.", typ)
	case typ == "s3" && group != "":
		return fail("InvalidParameter", "LogDestination type must be cloud-watch-logs if LogGroupName is provided.")
	case group != "" && to != "":
		return fail("InvalidParameter", "Please only provide LogGroupName or only provide LogDestination.")
	case group == "" && to == "":
		return fail("InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided.")
	case typ == "s3":
		return toDirectory(in, l, to)
	}
	if in.DestinationOptions != nil {
		return fail("InvalidParameter", "DestinationOptions are not applicable for cloud-watch-logs delivery")
	}
	l.Group, l.Destination = group, to
	if to != "" {
		if l.Group = groupOf(tx, to); l.Group == "" {
			return fail("InvalidParameterValue", "LogDestination: %s is not the ARN of a log group of this account and region", to)
		}
	}
	if !logGroupForm.MatchString(l.Group) {
		return fail("InvalidParameterValue", "1 validation error detected: Value '%s' at 'logGroupName' has an invalid format", l.Group)
	}
	return flowLogRole(tx, in, l)
}

var logGroupForm = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// groupOf is the name of the log group with an ARN. One that ends in ":*" names streams, and is none.
func groupOf(tx *store.Tx, arn string) string {
	a, ok := model.ParseARN(arn)
	name, is := strings.CutPrefix(a.Resource, "log-group:")
	if !ok || !is || a.Service != "logs" || a.Scope() != tx.Scope() {
		return ""
	}
	return name
}

// flowLogRole sets the role that writes to a log group.
func flowLogRole(tx *store.Tx, in *CreateFlowLogsInput, l *model.FlowLog) error {
	if l.Role = str(in.DeliverLogsPermissionArn); l.Role == "" {
		return fail("InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
	}
	if _, ok := identity.Act(tx, l.Role, flowLogsService, "FlowLogs"); !ok {
		return fail("InvalidParameterValue", "Unable to assume given IAM role: %s does not exist, or its trust policy does not let %s assume it", l.Role, flowLogsService)
	}
	return nil
}

// toDirectory sets a directory of this machine, which stands for a bucket: "dir:///srv/flows".
func toDirectory(in *CreateFlowLogsInput, l *model.FlowLog, to string) error {
	path, ok := directory.Of(to)
	switch {
	case in.DeliverLogsPermissionArn != nil:
		return fail("InvalidParameter", "DeliverLogsPermissionArn is not applicable for s3 delivery")
	case strings.HasPrefix(to, "arn:"):
		return fail("UnsupportedOperation", "Drydock does not support the LogDestination %s: there is no S3. Name a directory of this machine instead, such as dir:///srv/flows.", to)
	case !ok:
		return fail("InvalidParameterValue", "LogDestination: %s is not a directory of this machine, such as dir:///srv/flows", to)
	}
	l.Directory, l.Destination = path, to
	if o := in.DestinationOptions; o != nil {
		switch f := str(o.FileFormat); f {
		case "", "plain-text":
		case "parquet":
			return fail("UnsupportedOperation", "Drydock does not support the DestinationOptions.FileFormat parquet.")
		default:
			return fail("InvalidParameterValue", "Value ( %s ) for parameter fileFormat is invalid. Expecting plain-text or parquet.", f)
		}
		l.Hive, l.Hourly = o.HiveCompatiblePartitions != nil && *o.HiveCompatiblePartitions, o.PerHourPartition != nil && *o.PerHourPartition
	}
	return nil
}

// flowLogFormat checks a format; the default one for none.
func flowLogFormat(format string) (string, error) {
	if format == "" {
		return record.Default, nil
	}
	_, err := record.Parse(format)
	if b, ok := errors.AsType[record.Beyond](err); ok {
		return "", fail("UnsupportedOperation", "Drydock does not support the field ${%s} of LogFormat.", b.Field)
	}
	if err != nil {
		return "", fail("InvalidParameterValue", "1 validation error detected: Value '%s' at 'logFormat' has an invalid format", format)
	}
	return format, nil
}
