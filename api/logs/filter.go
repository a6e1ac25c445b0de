package logs

import (
	"fmt"
	"slices"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// mostSearched bounds the bytes that one call looks through: a page may then be empty and not the last
// one, as on AWS.
const mostSearched = 64 << 20

// earliestTail is the first startTime with which events may be listed from the end.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const earliestTail = 1704067200000 // 2024-01-01

// search is one FilterLogEvents call.
type search struct {
	disk.Query
	pattern *pattern.Pattern
	names   map[uint64]string // of the streams that are looked at
	limit   int
	found   []disk.Event
	last    disk.Cursor // where the search came to
	more    bool
}

func (h handlers) filterLogEvents(tx *store.Tx, in *sdk.FilterLogEventsInput) (*sdk.FilterLogEventsOutput, error) {
	g, err := eitherGroup(tx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	s := search{}
	if s.limit, err = checkLimit(in.Limit, mostEvents, mostEvents); err != nil {
		return nil, err
	}
	if s.pattern, err = parsePattern("filterPattern", in.FilterPattern); err != nil {
		return nil, err
	}
	if s.names, err = searched(tx, g, in); err != nil {
		return nil, err
	}
	s.Query = disk.Query{Group: g.ID, Want: func(n uint64) bool { _, ok := s.names[n]; return ok }}
	s.From, s.To = between(g, tx.Now(), in.StartTime, in.EndTime, 0)
	if err := s.begin(in); err != nil {
		return nil, err
	}
	if err := s.run(h.log); err != nil {
		return nil, err
	}
	out := &sdk.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	for _, e := range s.found {
		out.Events = append(out.Events, types.FilteredLogEvent{EventId: aws.String(e.ID(g.ID)), LogStreamName: aws.String(s.names[e.Stream]),
			Timestamp: &e.At, IngestionTime: &e.Ingested, Message: &e.Message})
	}
	if s.more {
		out.NextToken = token(*placeToken(map[bool]string{false: "f", true: "b"}[s.Backward], s.last))
	}
	return out, nil
}

func parsePattern(member string, text *string) (*pattern.Pattern, error) {
	if n := len(aws.ToString(text)); n > 1024 {
		return nil, constraint(*text, member, "have length less than or equal to 1024")
	}
	p, err := pattern.Parse(aws.ToString(text))
	if err != nil {
		return nil, invalid("Invalid filter pattern: %s", err)
	}
	return p, nil
}

// searched returns the streams that are looked at, by number.
func searched(tx *store.Tx, g model.LogGroup, in *sdk.FilterLogEventsInput) (map[uint64]string, error) {
	prefix := aws.ToString(in.LogStreamNamePrefix)
	if prefix != "" && len(in.LogStreamNames) > 0 {
		return nil, invalid("LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.")
	}
	if in.LogStreamNames != nil && len(in.LogStreamNames) == 0 {
		return nil, constraint("[]", "logStreamNames", "have length greater than or equal to 1")
	}
	if len(in.LogStreamNames) > 100 {
		return nil, constraint(fmt.Sprint(len(in.LogStreamNames))+" names", "logStreamNames", "have length less than or equal to 100")
	}
	names := map[uint64]string{}
	for _, n := range in.LogStreamNames {
		s, err := stream(tx, g, &n)
		if err != nil {
			return nil, err
		}
		names[s.Number] = s.Name
	}
	if len(in.LogStreamNames) > 0 {
		return names, nil
	}
	for s := range store.LogStreams.From(tx, model.LogStreamKey(g.Name, prefix), "") {
		names[s.Number] = s.Name
	}
	return names, nil
}

// begin sets the direction of the search and where it goes on.
func (s *search) begin(in *sdk.FilterLogEventsInput) error {
	s.Backward = in.StartFromHead != nil && !*in.StartFromHead
	place, err := untoken(in.NextToken)
	switch {
	case err != nil:
		return err
	case place == "" && s.Backward && aws.ToInt64(in.StartTime) < earliestTail:
		return invalid("startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.")
	case place == "":
		return nil
	}
	var at disk.Cursor
	if s.Backward, at, err = readPlace(place); err != nil {
		return err
	}
	narrow(&s.Query, at)
	return nil
}

// run looks through events until the page is full, there are none left, or there were too many.
func (s *search) run(log *disk.Log) error {
	size := 0
	for looked := 0; ; {
		s.Query.Limit, s.Query.Bytes = mostEvents, 4*mostBytes
		if s.pattern.All() {
			s.Query.Limit, s.Query.Bytes = s.limit+1-len(s.found), 2*mostBytes
		}
		events, err := log.Read(s.Query)
		if err != nil || len(events) == 0 {
			return err
		}
		if s.Backward {
			slices.Reverse(events)
		}
		for _, e := range events {
			looked += len(e.Message) + disk.PerEvent
			if s.pattern.Match(e.Message) {
				if size += len(e.Message) + disk.PerEvent; len(s.found) == s.limit || size > mostBytes && len(s.found) > 0 {
					s.more = true
					return nil
				}
				s.found = append(s.found, e)
			}
			s.passed(e)
		}
		if looked > mostSearched {
			s.more = true
			return nil
		}
	}
}

// passed moves the beginning of what is left behind e.
func (s *search) passed(e disk.Event) {
	s.last = e.Cursor()
	if s.Backward {
		s.last = e.Before()
	}
	narrow(&s.Query, s.last)
}
