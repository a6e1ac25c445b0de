package model

import "time"

// MetricFilter makes values of a metric out of the events of a log group.
//
// Writers: API.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilter.html
type MetricFilter struct {
	Group   string // name
	Name    string
	Pattern string
	Created time.Time
	From    uint64 // Seq of the first event that it sees: what was there before is not its business

	Namespace  string
	Metric     string
	Value      string            // a number, or $name or $.path of the event
	Default    *float64          `json:",omitzero"` // for minutes in which no event matched
	Dimensions map[string]string `json:",omitzero"` // $name or $.path by name
	Unit       string            `json:",omitzero"`
}

// Key is group and name: neither holds a colon.
func (f MetricFilter) Key() string { return LogStreamKey(f.Group, f.Name) }

// SubscriptionFilter sends the events of a log group to a destination.
//
// Writers: API; Next is subscription's.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_SubscriptionFilter.html
type SubscriptionFilter struct {
	Group       string // name
	Name        string
	Pattern     string
	Destination string // ARN
	Role        string `json:",omitzero"` // ARN
	Created     time.Time
	Next        uint64 // Seq of the first event that is not delivered yet
}

// Key is group and name: neither holds a colon.
func (f SubscriptionFilter) Key() string { return LogStreamKey(f.Group, f.Name) }

// LogDestination is where subscription filters, of other accounts too, send events to: a directory of
// this machine, which stands for a stream.
//
// Writers: API.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Destination.html
type LogDestination struct {
	Name      string
	Target    string // as it was given
	Directory string // absolute path
	Role      string // ARN
	Policy    string `json:",omitzero"` // who may subscribe; empty for the account itself alone
	Created   time.Time
	Tags      Tags `json:",omitzero"`
}

// Key is the name.
func (d LogDestination) Key() string { return d.Name }

// LogDestinationARN is the ARN of the destination with the name.
func (s Scope) LogDestinationARN(name string) string { return s.ARN("logs", "destination:"+name) }
