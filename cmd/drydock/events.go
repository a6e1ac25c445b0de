package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

func eventsCommand() *cobra.Command {
	var follow bool
	var tail int
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Tell what happened, and with -f what happens",
		Args:  noArgs,
	}
	c := clientFlags(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().IntVarP(&tail, "tail", "n", 50, "begin with the newest `N` events")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		out, q := cmd.OutOrStdout(), url.Values{"tail": {strconv.Itoa(tail)}}
		if follow {
			q.Set("follow", "1")
			return c.follow(cmd.Context(), "/_drydock/events", q, func(line []byte) error {
				if c.json {
					_, err := out.Write(line)
					return err
				}
				var e console.Event
				if err := json.Unmarshal(line, &e); err != nil {
					return err
				}
				return printEvent(out, e)
			})
		}
		var page console.Events
		if err := c.get(cmd.Context(), "/_drydock/events", q, &page); err != nil {
			return err
		}
		if c.json {
			return printJSON(out, page)
		}
		for _, e := range page.Events {
			if err := printEvent(out, e); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func printEvent(w io.Writer, e console.Event) error {
	_, err := fmt.Fprintf(w, "%s  %s\n", e.At.Local().Format("15:04:05.000"), paint(w, oneLine(e.Message)))
	return err
}
