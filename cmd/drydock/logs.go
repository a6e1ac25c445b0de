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

func logsCommand() *cobra.Command {
	var follow, times bool
	var tail int
	var container, group, filter string
	cmd := &cobra.Command{
		Use:   "logs TASK | --group NAME",
		Short: "Print what the containers of a task wrote, or the events of a log group",
		Long: `Prints what the containers of a task wrote. TASK is a task id, or the beginning of one that only
one task has; drydock ps lists them. With --follow it waits for a container that is not created yet.

With --group it prints the events of a log group, by time; with --follow it goes on with those that
arrive. --filter is a filter pattern of CloudWatch Logs.`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case group == "" && filter != "":
				return errors.New("--filter goes with --group")
			case group == "":
				return oneArg("TASK, a task id or the beginning of one, or --group NAME")(cmd, args)
			}
			return noArgs(cmd, args)
		},
	}
	c := clientFlags(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the containers end")
	cmd.Flags().BoolVarP(&times, "timestamps", "t", false, "when each line was written")
	cmd.Flags().IntVarP(&tail, "tail", "n", 0, "only the newest `N` lines of each container (default all)")
	cmd.Flags().StringVarP(&container, "container", "c", "", "only this container (`name`)")
	cmd.Flags().StringVarP(&group, "group", "g", "", "the events of this log group (`name`)")
	cmd.Flags().StringVar(&filter, "filter", "", "only events that match this filter `pattern`")
	cmd.ValidArgsFunction = c.completes(taskIDs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q := url.Values{"container": {container}, "follow": {strconv.FormatBool(follow)}, "group": {group}, "filter": {filter}}
		if group == "" {
			q.Set("task", args[0])
		}
		if tail != 0 {
			q.Set("tail", strconv.Itoa(tail))
		}
		var seen string
		return c.follow(cmd.Context(), "/_drydock/logs", q, func(raw []byte) error {
			var l console.LogLine
			if err := json.Unmarshal(raw, &l); err != nil {
				return err
			}
			if l.Error != "" {
				return errors.New(l.Error)
			}
			if l.Waiting != "" && !c.json {
				_, err := fmt.Fprintf(cmd.ErrOrStderr(), "drydock: %s; waiting …\n", l.Waiting)
				return err
			}
			if c.json {
				_, err := cmd.OutOrStdout().Write(raw)
				return err
			}
			return printLine(cmd, l, times, &seen)
		})
	}
	return cmd
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
