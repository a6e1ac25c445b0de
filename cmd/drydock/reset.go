package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func resetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Stop and forget everything, in all accounts and regions",
		Args:  noArgs,
	}
	c := clientFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		resp, err := c.send(cmd.Context(), http.MethodPost, "/_drydock/reset", nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if c.json {
			return printJSON(cmd.OutOrStdout(), map[string]bool{"reset": true})
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "Everything was stopped and forgotten; the daemon is as at its first start.")
		return err
	}
	return cmd
}
