package model

import "time"

// LogGroup is a group of log streams. Its events are not rows: they are kept under ID, see internal/logs.
//
// Writers: API; agent, which makes it for awslogs-create-group and counts streams.
type LogGroup struct {
	Name      string
	ID        string // 32 hex digits; a group of the same name made later has another one
	Created   time.Time
	Retention int    `json:",omitzero"` // days; 0 for ever
	Streams   uint64 // number of the newest stream; none is given twice
	Tags      Tags
}

// Key is the group's name.
func (g LogGroup) Key() string { return g.Name }

// Cutoff is the time before which events are no longer kept; zero when all are.
func (g LogGroup) Cutoff(now time.Time) time.Time {
	if g.Retention == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(g.Retention) * 24 * time.Hour)
}

// LogStream is one sequence of events in a group, which are kept under Number.
//
// Writers: API; agent and collect, which make those of containers.
type LogStream struct {
	Group   string // name
	Name    string
	Number  uint64
	Created time.Time
}

// LogStreamKey names a stream. Names of groups and streams hold no colon.
func LogStreamKey(group, stream string) string { return group + ":" + stream }

// Key is group and name.
func (s LogStream) Key() string { return LogStreamKey(s.Group, s.Name) }

// LogGroupARN is the ARN of the log group with the name.
func (s Scope) LogGroupARN(name string) string { return s.ARN("logs", "log-group:"+name) }
