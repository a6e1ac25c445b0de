package logdriver

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOptionsAreChecked(t *testing.T) {
	with := func(more ...string) map[string]string {
		m := map[string]string{"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	for _, tt := range []struct {
		options map[string]string
		want    string
	}{
		{with(), ""},
		{with("awslogs-stream-prefix", "web", "awslogs-create-group", "true", "mode", "non-blocking", "max-buffer-size", "25m"), ""},
		{map[string]string{"awslogs-group": "g"}, "Log driver awslogs requires options: awslogs-region, awslogs-group"},
		{with("log_key", "x"), "Log driver awslogs disallows options: log_key"},
		{with("awslogs-create-group", "false"), "Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option."},
		{with("awslogs-group", "a:b"), "Log driver awslogs option 'awslogs-group' has the value 'a:b', which is not valid."},
		{with("awslogs-region", "here"), "Log driver awslogs option 'awslogs-region' has the value 'here', which is not valid."},
		{with("mode", "fast"), "Log driver awslogs option 'mode' should be 'blocking' or 'non-blocking', not 'fast'."},
		{with("max-buffer-size", "1m"), ""},
		{with("mode", "blocking", "max-buffer-size", "1m"), "Log driver awslogs option 'max-buffer-size' needs the option 'mode' to be 'non-blocking'."},
		{with("mode", "non-blocking", "max-buffer-size", "many"), "Log driver awslogs option 'max-buffer-size' has the value 'many', which is not valid."},
		{with("awslogs-multiline-pattern", "("), "Log driver awslogs option 'awslogs-multiline-pattern' is no regular expression: error parsing regexp: missing closing ): `(`."},
		{with("awslogs-datetime-format", "(%Y"), "Log driver awslogs option 'awslogs-datetime-format' is no regular expression: error parsing regexp: missing closing ): `([0-9]{4}`."},
		{with("awslogs-multiline-pattern", "a", "awslogs-datetime-format", "%Y"), "Log driver awslogs option 'awslogs-datetime-format' cannot be set together with 'awslogs-multiline-pattern'."},
	} {
		_, err := Read(tt.options)
		if got := fmt.Sprint(err); tt.want == "" && err != nil || tt.want != "" && got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.options, got, tt.want)
		}
	}
}

func TestStreams(t *testing.T) {
	if got := (Options{Prefix: "web"}).Stream("app", "1234", "abcd"); got != "web/app/1234" {
		t.Error(got)
	}
	if got := (Options{}).Stream("app", "1234", "abcd"); got != "abcd" {
		t.Error(got)
	}
}

func TestLinesBecomeEvents(t *testing.T) {
	for _, tt := range []struct {
		rule, option, value string
		lines               []string
		want                string
	}{
		{"every line is an event, but for empty ones", "", "", []string{"a", "", "b"}, "a@0|b@2"},
		{"a line that matches begins an event", "awslogs-multiline-pattern", "^INFO", []string{"INFO a", " at x", " at y", "INFO b"}, "INFO a\n at x\n at y@2|INFO b@3"},
		{"what comes before the first is one too", "awslogs-multiline-pattern", "^INFO", []string{"x", "INFO b"}, "x@0|INFO b@1"},
		{"a time begins an event", "awslogs-datetime-format", `\[%b %d, %Y %H:%M:%S\]`, []string{"[May 01, 2017 19:00:01] A", "more", "[May 01, 2017 19:00:04] B", "[Mai 01] c"},
			"[May 01, 2017 19:00:01] A\nmore@1|[May 01, 2017 19:00:04] B\n[Mai 01] c@3"},
		{"what is no part of a time is an expression", "awslogs-datetime-format", `^(?:INFO|WARN) %H:%M`, []string{"WARN 07:00 a", " INFO 07:00 b", "INFO 07:01 c"}, "WARN 07:00 a\n INFO 07:00 b@1|INFO 07:01 c@2"},
		{"a code that is not known is nothing", "awslogs-datetime-format", `%T`, []string{"a", "b"}, "a@0|b@1"},
		{"a time with milliseconds and an offset", "awslogs-datetime-format", "%Y-%m-%dT%H:%M:%S%L%z", []string{"2026-01-02T03:04:05.678+0000 x", "y"}, "2026-01-02T03:04:05.678+0000 x\ny@1"},
	} {
		o, err := Read(map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1", tt.option: tt.value})
		if tt.option == "" {
			o, err = Read(map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1"})
		}
		if err != nil {
			t.Fatal(err)
		}
		j, zero := Joiner{First: o.First}, time.Unix(0, 0)
		var es []Event
		for i, l := range tt.lines {
			es = append(es, j.Add(zero.Add(time.Duration(i)), zero.Add(time.Duration(i)), l)...)
		}
		es = append(es, j.Flush()...)
		var got []string
		for _, e := range es {
			got = append(got, fmt.Sprintf("%s@%d", e.Text, e.Mark.UnixNano()))
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: got %s, want %s", tt.rule, strings.Join(got, "|"), tt.want)
		}
	}
}

func TestAnEventThatIsTooLargeIsCutBetweenCharacters(t *testing.T) {
	text := strings.Repeat("é", MostBytes)
	var j Joiner
	es := j.Add(time.Unix(1, 0), time.Unix(2, 0), text)
	var all string
	for i, e := range es {
		all += e.Text
		if len(e.Text) > MostBytes || e.Mark.IsZero() != (i < len(es)-1) {
			t.Errorf("part %d has %d bytes and the mark %v", i, len(e.Text), e.Mark)
		}
	}
	if all != text {
		t.Error("something is lost")
	}
}
