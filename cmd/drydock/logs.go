package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

// logsFlags are those of drydock logs, and what it has printed.
type logsFlags struct {
	*client
	follow, times            bool
	tail                     int
	container, group, filter string

	seen string // who wrote the lines so far, see printLine
}

func logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs TASK | --group NAME",
		Short: "Print what the containers of a task wrote, or the events of a log group",
		Long: `Prints what the containers of a task wrote. TASK is a task id, or the beginning of one that only
one task has; drydock ps lists them. With --follow it waits for a container that is not created yet.

With --group it prints the events of a log group, by time; with --follow it goes on with those that
arrive. --filter is a filter pattern of CloudWatch Logs.`,
	}
	l := logsFlags{client: clientFlags(cmd)}
	f := cmd.Flags()
	f.BoolVarP(&l.follow, "follow", "f", false, "go on until the containers end")
	f.BoolVarP(&l.times, "timestamps", "t", false, "when each line was written")
	f.IntVarP(&l.tail, "tail", "n", 0, "only the newest `N` lines of each container (default all)")
	f.StringVarP(&l.container, "container", "c", "", "only this container (`name`)")
	f.StringVarP(&l.group, "group", "g", "", "the events of this log group (`name`)")
	f.StringVar(&l.filter, "filter", "", "only events that match this filter `pattern`")
	cmd.ValidArgsFunction = l.completes(taskIDs)
	cmd.Args, cmd.RunE = l.args, l.run
	return cmd
}

// args wants a task or a group, and not both.
func (l *logsFlags) args(cmd *cobra.Command, args []string) error {
	switch {
	case l.group == "" && l.filter != "":
		return errors.New("--filter goes with --group")
	case l.group == "":
		return oneArg("TASK, a task id or the beginning of one, or --group NAME")(cmd, args)
	}
	return noArgs(cmd, args)
}

func (l *logsFlags) run(cmd *cobra.Command, args []string) error {
	q := url.Values{"container": {l.container}, "follow": {strconv.FormatBool(l.follow)}, "group": {l.group}, "filter": {l.filter}}
	if l.group == "" {
		q.Set("task", args[0])
	}
	if l.tail != 0 {
		q.Set("tail", strconv.Itoa(l.tail))
	}
	return l.client.follow(cmd.Context(), "/_drydock/logs", q, func(raw []byte) error { return l.print(cmd, raw) })
}

// print prints one line as the daemon tells it.
func (l *logsFlags) print(cmd *cobra.Command, raw []byte) error {
	var line console.LogLine
	if err := json.Unmarshal(raw, &line); err != nil {
		return err
	}
	if line.Error != "" {
		return errors.New(line.Error)
	}
	if line.Waiting != "" && !l.json {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "drydock: %s; waiting …\n", line.Waiting)
		return err
	}
	if l.json {
		_, err := cmd.OutOrStdout().Write(raw)
		return err
	}
	return printLine(cmd, line, l.times, &l.seen)
}

// printLine prints a line where the container wrote it: to stdout or stderr. Once a second
// container speaks, lines say who wrote them.
func printLine(cmd *cobra.Command, l console.LogLine, times bool, seen *string) error {
	w, prefix := cmd.OutOrStdout(), ""
	if l.Stderr {
		w = cmd.ErrOrStderr()
	}
	if times {
		prefix = l.At.Local().Format("2006-01-02T15:04:05.000 ")
	}
	switch {
	case *seen == "":
		*seen = l.Container
	case *seen != l.Container:
		*seen = "\x00" // from now on
	}
	if *seen == "\x00" {
		prefix += l.Container + " | "
	}
	_, err := fmt.Fprintln(w, prefix+l.Text)
	return err
}
