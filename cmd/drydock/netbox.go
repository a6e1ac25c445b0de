package main

import (
	"os"

	"github.com/drydock-ecs/drydock/internal/netbox/box"

	"github.com/spf13/cobra"
)

// netboxCommand is what runs in the network namespaces of instances, tasks and load balancers.
func netboxCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "netbox",
		Short:              "Own the network namespace of an instance, a task, or load balancers",
		Hidden:             true,
		DisableFlagParsing: true,
		// The environment of a container is the user's: nothing of it is a flag.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(cmd *cobra.Command, args []string) error {
			os.Exit(box.Main(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()))
			return nil
		},
	}
}
