package gate

// ec2FlowLogRules are those of flow logs.
var ec2FlowLogRules = map[string]rule{
	"CreateFlowLogs":   {on: flowLogged, tagged: tagEC2, tags: newFlowLogs, passes: toFlowLogs},
	"DeleteFlowLogs":   {on: byID("FlowLogIds")},
	"DescribeFlowLogs": plain,
}

func newFlowLogs(a *asking) []string { return []string{a.sc.ARN("ec2", "vpc-flow-log/*")} }

// flowLogged is the new flow logs, and what they are of.
func flowLogged(a *asking) []string { return append(newFlowLogs(a), byID("ResourceIds")(a)...) }

// toFlowLogs is the role in which flow logs are written to a log group.
func toFlowLogs(a *asking) []passing {
	return a.pass("vpc-flow-logs.amazonaws.com", newFlowLogs(a), a.texts("DeliverLogsPermissionArn"))
}
