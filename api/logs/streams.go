package logs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func createLogStream(tx *store.Tx, in *sdk.CreateLogStreamInput) (*sdk.CreateLogStreamOutput, error) {
	name, err := checkStreamName(in.LogStreamName)
	if err != nil {
		return nil, err
	}
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if _, made := streams.Stream(tx, g, name); !made {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log stream already exists")}
	}
	return &sdk.CreateLogStreamOutput{}, nil
}

// stream returns the stream of a group with the name.
func stream(tx *store.Tx, g model.LogGroup, name *string) (s model.LogStream, err error) {
	n, err := checkStreamName(name)
	if err != nil {
		return s, err
	}
	s, ok := store.LogStreams.Get(tx, model.LogStreamKey(g.Name, n))
	if !ok {
		return s, noStream()
	}
	return s, nil
}

func deleteLogStream(tx *store.Tx, in *sdk.DeleteLogStreamInput) (*sdk.DeleteLogStreamOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	s, err := stream(tx, g, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	store.LogStreams.Delete(tx, s.Key())
	return &sdk.DeleteLogStreamOutput{}, nil
}

// listed is a stream and what is known of its events.
type listed struct {
	model.LogStream
	disk.Stat
}

func (h handlers) describeLogStreams(tx *store.Tx, in *sdk.DescribeLogStreamsInput) (*sdk.DescribeLogStreamsOutput, error) {
	g, err := eitherGroup(tx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := checkLimit(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	order, err := streamOrder(in)
	if err != nil {
		return nil, err
	}
	var all []listed
	cutoff := g.Cutoff(tx.Now()).UnixMilli()
	for s := range store.LogStreams.From(tx, model.LogStreamKey(g.Name, aws.ToString(in.LogStreamNamePrefix)), "") {
		stat := h.log.Stat(g.ID, s.Number)
		if stat.Last < cutoff {
			stat = disk.Stat{}
		}
		all = append(all, listed{s, stat})
	}
	slices.SortFunc(all, order)
	if all, err = after(all, order, in.NextToken); err != nil {
		return nil, err
	}
	out := &sdk.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}}
	for i, s := range all {
		if i == limit {
			out.NextToken = token(fmt.Sprintf("%d %s", all[i-1].Last, all[i-1].Name))
			break
		}
		out.LogStreams = append(out.LogStreams, renderStream(tx.Scope(), s))
	}
	return out, nil
}

// streamOrder returns the order that is asked for.
func streamOrder(in *sdk.DescribeLogStreamsInput) (func(a, b listed) int, error) {
	order := func(a, b listed) int { return cmp.Compare(a.Name, b.Name) }
	switch in.OrderBy {
	case "", types.OrderByLogStreamName:
	case types.OrderByLastEventTime:
		if aws.ToString(in.LogStreamNamePrefix) != "" {
			return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
		}
		order = func(a, b listed) int { return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.Name, b.Name)) }
	default:
		return nil, constraint(string(in.OrderBy), "orderBy", "satisfy enum value set: [LastEventTime, LogStreamName]")
	}
	if aws.ToBool(in.Descending) {
		return func(a, b listed) int { return order(b, a) }, nil
	}
	return order, nil
}

// after returns those of all, which are in order, that follow the place of a token.
func after(all []listed, order func(a, b listed) int, next *string) ([]listed, error) {
	place, err := untoken(next)
	if err != nil || place == "" {
		return all, err
	}
	at, name, _ := strings.Cut(place, " ")
	var last listed
	if last.Last, err = strconv.ParseInt(at, 10, 64); err != nil {
		return nil, badToken()
	}
	last.Name = name
	i, found := slices.BinarySearchFunc(all, last, order)
	if found {
		i++
	}
	return all[i:], nil
}

func renderStream(sc model.Scope, s listed) types.LogStream {
	out := types.LogStream{LogStreamName: &s.Name, CreationTime: aws.Int64(s.Created.UnixMilli()),
		Arn: aws.String(sc.LogGroupARN(s.Group) + ":log-stream:" + s.Name)}
	//lint:ignore SA1019 AWS still answers it, as 0
	out.StoredBytes = aws.Int64(0)
	if s.Ingested > 0 {
		out.FirstEventTimestamp, out.LastEventTimestamp, out.LastIngestionTime = &s.First, &s.Last, &s.Ingested
		out.UploadSequenceToken = sequenceToken(s.Ingested)
	}
	return out
}
