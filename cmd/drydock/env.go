package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// also names the variables of AWS's own clients that stand in for a flag of a client command, after
// Drydock's: the same environment then means the same account and region to both.
var also = map[string][]string{
	"endpoint": {"AWS_ENDPOINT_URL"},
	"region":   {"AWS_REGION", "AWS_DEFAULT_REGION"},
}

// fromEnvironment sets the flags that were not given from DRYDOCK_… variables.
func fromEnvironment(cmd *cobra.Command, lookup func(string) (string, bool)) (err error) {
	client := cmd.Flags().Lookup("endpoint") != nil
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || err != nil || f.Name == "help" {
			return
		}
		names := []string{"DRYDOCK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))}
		if client {
			names = append(names, also[f.Name]...)
		}
		for _, name := range names {
			if v, ok := lookup(name); ok && v != "" {
				if e := cmd.Flags().Set(f.Name, v); e != nil {
					err = fmt.Errorf("%s=%q: %w", name, v, e)
				}
				return
			}
		}
	})
	return err
}
