package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// table is rows under a heading, aligned when printed.
type table struct {
	heads []string
	rows  [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// print writes t to w, in colour where a person looks. Columns that are empty in every row are
// left out.
func (t *table) print(w io.Writer) error {
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	keep := t.used()
	for _, r := range append([][]string{t.heads}, t.rows...) {
		var cells []string
		for i, c := range r {
			if keep[i] {
				cells = append(cells, oneLine(c))
			}
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	first := true
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, " \n")
		if !first {
			line = paint(w, line)
		}
		first = false
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// used reports which columns have something in a row; all of them while there is no row.
func (t *table) used() []bool {
	keep := make([]bool, len(t.heads))
	for i := range keep {
		keep[i] = len(t.rows) == 0
		for _, r := range t.rows {
			keep[i] = keep[i] || r[i] != ""
		}
	}
	return keep
}

// oneLine keeps what containers and clients wrote from breaking the table or driving the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

var (
	goodWords = regexp.MustCompile(`\b(RUNNING|ACTIVE|HEALTHY|healthy|running|ok)\b`)
	badWords  = regexp.MustCompile(`\b(STOPPED|UNHEALTHY|unhealthy|terminated|missing|INACTIVE)\b`)
	midWords  = regexp.MustCompile(`\b(PROVISIONING|PENDING|ACTIVATING|DEACTIVATING|STOPPING|DEPROVISIONING|DRAINING|initial|draining|unused|pending|warning)\b`)
)

// paint colours the words that say how things stand, if w is a terminal.
func paint(w io.Writer, line string) string {
	if !colours(w, os.Getenv) {
		return line
	}
	line = badWords.ReplaceAllString(line, "\x1b[31m$0\x1b[0m")
	line = midWords.ReplaceAllString(line, "\x1b[33m$0\x1b[0m")
	return goodWords.ReplaceAllString(line, "\x1b[32m$0\x1b[0m")
}

// colours reports whether w shows colours to somebody who wants them: see https://no-color.org.
func colours(w io.Writer, getenv func(string) string) bool {
	f, ok := w.(*os.File)
	if !ok || getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// printJSON writes v for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// age says how long ago something was, as short as it can be.
func age(now, then time.Time) string {
	d := now.Sub(then)
	switch {
	case then.IsZero():
		return ""
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// short is an id as people say it.
func short(id string) string { return id[:min(len(id), 12)] }
