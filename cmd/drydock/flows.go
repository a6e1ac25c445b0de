package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

func flowsCommand() *cobra.Command {
	var follow, rejected bool
	var seconds int
	var eni, task string
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Show what passes network interfaces, and what security groups refuse",
		Long: `Shows what passes network interfaces, and what their security groups refuse, as the kernel counts it:
a line a second for each flow and direction at each interface. Between two tasks it is seen twice, where
it leaves and where it comes in. No flow log need be there; VPC flow logs have the same accounts.

It looks for a few seconds, with --follow until Ctrl-C. Traffic that AWS records in no flow log, such as
that of instance metadata and of DNS, is not shown.`,
		Args: noArgs,
	}
	c := clientFlags(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().IntVar(&seconds, "seconds", 5, "look for `N` seconds")
	cmd.Flags().StringVar(&eni, "eni", "", "only this network interface (`id`, or the beginning of one)")
	cmd.Flags().StringVar(&task, "task", "", "only the interface of this task (`id`, or the beginning of one)")
	cmd.Flags().BoolVar(&rejected, "rejected", false, "only what is refused")
	_ = cmd.RegisterFlagCompletionFunc("task", c.completes(taskIDs))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q := url.Values{"eni": {eni}, "task": {task}, "rejected": {strconv.FormatBool(rejected)}}
		if !follow {
			q.Set("seconds", strconv.Itoa(max(seconds, 1)))
		}
		out, n := cmd.OutOrStdout(), 0
		err := c.follow(cmd.Context(), "/_drydock/flows", q, func(raw []byte) error {
			if n++; c.json {
				_, err := out.Write(raw)
				return err
			}
			var f console.Flow
			if err := json.Unmarshal(raw, &f); err != nil {
				return err
			}
			return printFlow(out, f, n == 1)
		})
		if err == nil && n == 0 && !c.json {
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "drydock: nothing passed within %d seconds; go on with --follow, and see that tasks run: drydock ps\n", max(seconds, 1))
		}
		return err
	}
	return cmd
}

const flowForm = "%-8s  %-7s  %-7s  %-5s  %-40s  %-40s  %7s  %9s  %-11s  %s\n"

func printFlow(w io.Writer, f console.Flow, first bool) error {
	if first {
		if _, err := fmt.Fprintf(w, flowForm, "TIME", "ACTION", "WAY", "PROTO", "SOURCE", "DESTINATION", "PACKETS", "BYTES", "FLAGS", "INTERFACE"); err != nil {
			return err
		}
	}
	at := f.At.Local().Format("15:04:05")
	if f.Action == "SKIPPED" {
		_, err := fmt.Fprintf(w, "%-8s  %-7s  some of what passed %s was not counted\n", at, f.Action, f.ENI)
		return err
	}
	line := fmt.Sprintf(flowForm, at, f.Action, f.Direction, f.Protocol, end(f.Source), end(f.Dest), strconv.FormatUint(f.Packets, 10), strconv.FormatUint(f.Bytes, 10), f.Flags, f.ENI)
	if f.Hint != "" {
		line += "          " + oneLine(f.Hint) + "\n"
	}
	_, err := io.WriteString(w, line)
	return err
}

// end is an address with its port, and who has it.
func end(e console.End) string {
	s := e.Address
	if e.Port != 0 {
		s += ":" + strconv.Itoa(int(e.Port))
	}
	return strings.TrimSpace(s + " " + oneLine(e.Name))
}
