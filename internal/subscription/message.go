package subscription

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
)

// message is what is delivered of one log stream.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
type message struct {
	MessageType         string   `json:"messageType"`
	Owner               string   `json:"owner"`
	LogGroup            string   `json:"logGroup"`
	LogStream           string   `json:"logStream"`
	SubscriptionFilters []string `json:"subscriptionFilters"`
	LogEvents           []event  `json:"logEvents"`
}

type event struct {
	ID        string            `json:"id"`
	Timestamp int64             `json:"timestamp"`
	Message   string            `json:"message"`
	Extracted map[string]string `json:"extractedFields,omitempty"`
}

// Try sends a destination of the account and region sc the message with which CloudWatch Logs checks
// that it can be reached.
func Try(to directory.Allowed, sc model.Scope, d model.LogDestination, now time.Time) error {
	m := message{MessageType: "CONTROL_MESSAGE", Owner: "CloudwatchLogs", SubscriptionFilters: []string{}, LogEvents: []event{{Timestamp: now.UnixMilli(),
		Message: "CWL CONTROL MESSAGE: Checking health of destination directory."}}}
	body, err := zipped([]message{m})
	if err != nil {
		return err
	}
	return to.Write(d.Directory, file(sc, now, "control", ids.Hex(8)), body)
}

// file is where what was gathered at a moment stands, below the directory of a destination; what tells
// files of one minute apart.
func file(sc model.Scope, at time.Time, what ...string) string {
	at = at.UTC()
	name := fmt.Sprintf("%s_cloudwatchlogs_%s_%s_%s.json.gz", sc.Account, sc.Region, at.Format("20060102T1504Z"), strings.Join(what, "_"))
	return filepath.Join("AWSLogs", sc.Account, "cloudwatchlogs", sc.Region, filepath.FromSlash(at.Format("2006/01/02")), name)
}

// zipped is a file of messages, one a line.
func zipped(all []message) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	e := json.NewEncoder(z)
	e.SetEscapeHTML(false)
	for i := range all {
		if err := e.Encode(&all[i]); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// file is where the events from first on stand. It is the same whenever they are delivered, so that what
// is delivered again takes the place of what was.
func (s *sub) file(first logs.Event) string {
	sum := sha256.Sum256([]byte(s.group + "\x00" + s.row.Name))
	return file(s.scope, time.UnixMilli(first.Ingested), hex.EncodeToString(sum[:4]), fmt.Sprintf("%020d", first.Seq))
}

// gather makes messages of the events that match, one for each stream, in the order in which they came.
// It returns how many events are in them, and the first.
func (s *sub) gather(events []logs.Event, stream func(uint64) string) (all []message, n int, first logs.Event) {
	at := map[uint64]int{}
	for _, e := range events {
		found, ok := s.pattern.Find(e.Message)
		name := stream(e.Stream)
		if !ok || name == "" { // the stream is deleted, and with it its events
			continue
		}
		i, there := at[e.Stream]
		if !there {
			i = len(all)
			at[e.Stream] = i
			all = append(all, message{MessageType: "DATA_MESSAGE", Owner: s.scope.Account, LogGroup: s.row.Group, LogStream: name, SubscriptionFilters: []string{s.row.Name}})
		}
		out := event{ID: e.ID(s.group), Timestamp: e.At, Message: e.Message}
		if s.pattern.Delimited() {
			out.Extracted = map[string]string{}
			for k, v := range found.Values() {
				out.Extracted[strings.TrimPrefix(k, "$")] = v
			}
		}
		if all[i].LogEvents = append(all[i].LogEvents, out); n == 0 {
			first = e
		}
		n++
	}
	return all, n, first
}
