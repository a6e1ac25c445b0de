package model

import "time"

// Story holds the newest steps of a service, oldest first. It is kept in memory only.
//
// Writer: the services stage.
type Story struct {
	Cluster, Service string
	Steps            []Step
}

// Key is that of the service.
func (s Story) Key() string { return s.Cluster + "/" + s.Service }

// Step is what was decided for a service at one moment: what started, what stopped by which rule, and
// what held it back from more.
type Step struct {
	At         time.Time
	Since      time.Time // when it was first found like this, with other counts perhaps
	Deployment string    // id of the primary one
	State      string    // the primary deployment's
	Reason     string    // for that state
	Found      Found
	Started    Some
	Moved      Some        // started besides, for balance among zones
	Stopped    []StoppedBy // each rule once
	Holds      []Hold
	Steady     bool // everything is as it should be
}

// Acts reports whether something started or stopped.
func (s *Step) Acts() bool { return s.Started.N > 0 || s.Moved.N > 0 || len(s.Stopped) > 0 }

// Found is what a step began with. Tasks that were asked to stop count nowhere.
type Found struct {
	Desired     int
	Live        int // tasks
	Current     int // those of the primary deployment that are not to be replaced
	Ready       int // healthy
	Max, Min    int // maximumPercent and minimumHealthyPercent
	Most, Least int // the bounds in tasks: never more live than Most, nor fewer ready than Least
}

// Some names some of N tasks.
type Some struct {
	N   int
	IDs []string
}

// maxSome is how many tasks are named.
const maxSome = 10

// Add counts one more.
func (s *Some) Add(id string) {
	s.N++
	if len(s.IDs) < maxSome {
		s.IDs = append(s.IDs, id)
	}
}

// Rule is by which rule a task is stopped.
type Rule string

// The values of Rule.
const (
	RuleEnding   Rule = "ending"    // the service is being deleted
	RuleSurplus  Rule = "surplus"   // there are more than desired
	RuleOld      Rule = "old"       // of an older deployment, and enough others are ready
	RuleOldIdle  Rule = "old-idle"  // of an older deployment, and does not serve yet
	RuleLeaving  Rule = "leaving"   // its instance drains or left
	RuleBarred   Rule = "barred"    // a daemon whose instance does not meet the constraints any more
	RuleFailing  Rule = "unhealthy" // its health checks fail
	RuleDouble   Rule = "double"    // a second daemon on one instance
	RuleBalanced Rule = "rebalance" // its zone has too many, another one too few
)

// StoppedBy is which tasks were stopped by one rule.
type StoppedBy struct {
	Rule  Rule
	Tasks Some
}

// Bar is what holds a service back.
type Bar string

// The values of Bar.
const (
	BarMaximum  Bar = "maximumPercent"        // N more tasks are missing than it lets live
	BarMinimum  Bar = "minimumHealthyPercent" // the tasks are to go, but too few others are ready
	BarThrottle Bar = "throttle"              // N tasks wait until Until, because those before them failed
	BarHealth   Bar = "health"                // the tasks are not healthy yet
	BarStarting Bar = "starting"              // the tasks do not run yet
	BarStopping Bar = "stopping"              // the tasks were asked to stop and did not yet
	BarGuarded  Bar = "protection"            // the tasks are protected from being stopped, until Until at the earliest
	BarFailed   Bar = "failed"                // the deployment failed: nothing starts any more
	BarOthers   Bar = "others"                // the daemons leave their draining instances last
	BarUneven   Bar = "unevenZones"           // N zones have no place for a task that would balance them
	BarPlace    Bar = "place"                 // N tasks found no place
)

// Hold is one thing that holds a service back.
type Hold struct {
	Bar    Bar
	N      int       // see the values of Bar; mostly how many tasks
	Tasks  Some      // which ones, where they are there
	Until  time.Time // when it may end by time alone; zero for unknown
	Detail string    // what the bar does not say, in words
}
