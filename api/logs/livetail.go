package logs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The bounds of a session.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const (
	mostTailed   = 10 // log groups
	longestTail  = 3 * time.Hour
	tailInterval = time.Second
	mostTails    = 15 // sessions of an account in a region
)

var identifierForm = regexp.MustCompile(`^[\w#+=/:,.@-]*$`)

// startLiveTail begins a session: events that arrive from now on are told every second.
func (h handlers) startLiveTail(tx *store.Tx, in *sdk.StartLiveTailInput) (*wire.Stream, error) {
	t := &liveTail{store: h.store, log: h.log, scope: tx.Scope(), names: in.LogStreamNames, prefixes: in.LogStreamNamePrefixes, pick: rand.IntN}
	var err error
	if t.groups, err = tailed(tx, in.LogGroupIdentifiers); err != nil {
		return nil, err
	}
	if err := checkTailedStreams(in); err != nil {
		return nil, err
	}
	if t.pattern, err = parsePattern("logEventFilterPattern", in.LogEventFilterPattern); err != nil {
		return nil, err
	}
	for _, g := range t.groups {
		g.next = h.log.Next(g.id)
	}
	if h.tails.of(tx.Scope()) >= mostTails {
		return nil, tooManyTails()
	}
	started := &types.LiveTailSessionStart{RequestId: aws.String(ids.UUID()), SessionId: aws.String(ids.UUID()), LogGroupIdentifiers: in.LogGroupIdentifiers,
		LogStreamNames: in.LogStreamNames, LogStreamNamePrefixes: in.LogStreamNamePrefixes, LogEventFilterPattern: in.LogEventFilterPattern}
	return &wire.Stream{Longest: longestTail, Run: func(ctx context.Context, send func(string, any) error) error {
		end, ok := h.tails.begin(t.scope)
		if !ok { // others began at the same time
			return tooManyTails()
		}
		defer end()
		if err := send("sessionStart", started); err != nil {
			return err
		}
		return t.run(ctx, send)
	}}, nil
}

func tooManyTails() error {
	return limit("Resource limit exceeded: there are %d Live Tail sessions.", mostTails)
}

// tailed returns the groups of a session, each once.
func tailed(tx *store.Tx, identifiers []string) (groups []*tailedGroup, err error) {
	switch n := len(identifiers); {
	case identifiers == nil:
		return nil, invalid("1 validation error detected: Value null at 'logGroupIdentifiers' failed to satisfy constraint: Member must not be null")
	case n == 0:
		return nil, constraint("[]", "logGroupIdentifiers", "have length greater than or equal to 1")
	case n > mostTailed:
		return nil, constraint("["+strings.Join(identifiers, ", ")+"]", "logGroupIdentifiers", fmt.Sprintf("have length less than or equal to %d", mostTailed))
	}
	seen := map[string]bool{}
	for i, id := range identifiers {
		if err := checkIdentifier(id, fmt.Sprintf("logGroupIdentifiers.%d.member", i+1)); err != nil {
			return nil, err
		}
		g, err := eitherGroup(tx, nil, &id)
		if err != nil {
			return nil, err
		}
		if !seen[g.Name] {
			seen[g.Name] = true
			groups = append(groups, &tailedGroup{arn: id, name: g.Name, id: g.ID})
		}
	}
	return groups, nil
}

// checkIdentifier checks the ARN of a group: unlike elsewhere, its name does not do.
func checkIdentifier(id, member string) error {
	switch {
	case id == "":
		return constraint("", member, "have length greater than or equal to 1")
	case utf8.RuneCountInString(id) > 2048:
		return constraint(id, member, "have length less than or equal to 2048")
	case strings.HasSuffix(id, "*"):
		return invalid("The log group ARN %s can't end with an asterisk (*).", id)
	case !identifierForm.MatchString(id):
		return constraint(id, member, "satisfy regular expression pattern: "+strings.Trim(identifierForm.String(), "^$"))
	}
	if a, ok := model.ParseARN(id); !ok || a.Service != "logs" || !strings.HasPrefix(a.Resource, "log-group:") {
		return invalid("The log group identifier %s is not valid. Specify each log group by its ARN.", id)
	}
	return nil
}

// checkTailedStreams checks the names and prefixes of streams. They may be of streams that come later.
func checkTailedStreams(in *sdk.StartLiveTailInput) error {
	for member, names := range map[string][]string{"logStreamNames": in.LogStreamNames, "logStreamNamePrefixes": in.LogStreamNamePrefixes} {
		switch n := len(names); {
		case names == nil:
			continue
		case n == 0:
			return constraint("[]", member, "have length greater than or equal to 1")
		case n > 100:
			return constraint(fmt.Sprint(n)+" names", member, "have length less than or equal to 100")
		}
		for i, n := range names {
			if _, err := checkName(&n, fmt.Sprintf("%s.%d.member", member, i+1), streamForm); err != nil {
				return err
			}
		}
	}
	switch one := len(in.LogGroupIdentifiers) == 1; {
	case in.LogStreamNames != nil && in.LogStreamNamePrefixes != nil:
		return invalid("LogStreamNames and LogStreamNamePrefixes are mutually exclusive parameters.")
	case in.LogStreamNames != nil && !one:
		return invalid("LogStreamNames can be specified only with a single log group.")
	case in.LogStreamNamePrefixes != nil && !one:
		return invalid("LogStreamNamePrefixes can be specified only with a single log group.")
	}
	return nil
}

// run tells what arrives until ctx ends.
func (t *liveTail) run(ctx context.Context, send func(string, any) error) error {
	tick := time.NewTicker(tailInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return &types.SessionTimeoutException{Message: aws.String("The Live Tail session timed out after three hours.")}
			}
			return nil
		case <-tick.C:
		}
		update, err := t.update(ctx)
		if err != nil {
			return errors.Join(&types.SessionStreamingException{Message: aws.String("An error occurred while the events of the Live Tail session were read.")}, err)
		}
		if err := send("sessionUpdate", update); err != nil {
			return err
		}
	}
}
