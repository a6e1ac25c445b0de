package logdriver

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// MostBytes is how large an event gets; longer ones are cut into several.
//
// Source: https://docs.docker.com/engine/logging/drivers/awslogs/
const MostBytes = 262144 - 26

// Patience is how long an event of several lines waits for another one.
const Patience = 5 * time.Second

// Event is what lines became.
type Event struct {
	At   time.Time // of the first line
	Mark time.Time // of the last one
	Text string
}

// Joiner makes events of the lines of one container.
type Joiner struct {
	First   *regexp.Regexp
	pending Event
	open    bool
}

// Add takes a line, of which mark is where its source was read to, and returns the events that are
// complete with it. Empty lines are none, as for the driver on AWS.
func (j *Joiner) Add(at, mark time.Time, line string) []Event {
	if j.First == nil {
		return split(Event{at, mark, line})
	}
	var done []Event
	if j.open && (j.First.MatchString(line) || len(j.pending.Text)+len(line) >= MostBytes) {
		done = j.Flush()
	}
	if !j.open {
		j.pending, j.open = Event{at, mark, line}, true
		return done
	}
	j.pending.Text += "\n" + line
	j.pending.Mark = mark
	return done
}

// Open reports whether lines wait for more.
func (j *Joiner) Open() bool { return j.open }

// Flush returns the events of the lines that waited for more.
func (j *Joiner) Flush() []Event {
	if !j.open {
		return nil
	}
	e := j.pending
	j.pending, j.open = Event{}, false
	return split(e)
}

// split cuts an event that is too large, between characters. Only its last part moves the mark.
func split(e Event) (parts []Event) {
	e.Text = strings.ToValidUTF8(e.Text, "\uFFFD")
	for len(e.Text) > MostBytes {
		n := MostBytes
		for !utf8.RuneStart(e.Text[n]) {
			n--
		}
		parts = append(parts, Event{At: e.At, Text: e.Text[:n]})
		e.Text = e.Text[n:]
	}
	if e.Text == "" {
		return parts
	}
	return append(parts, e)
}
