package main

import (
	"os"

	"github.com/drydock-ecs/drydock/internal/probe"

	"github.com/spf13/cobra"
)

// probeCommand is what runs inside containers of the image drydock/probe.
func probeCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "probe",
		Short:              "Be the web server of the image drydock/probe",
		Hidden:             true,
		DisableFlagParsing: true,
		// The environment of a container is the user's: nothing of it is a flag.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(cmd *cobra.Command, args []string) error {
			os.Exit(probe.Main(cmd.Context(), args, os.Getenv, cmd.ErrOrStderr()))
			return nil
		},
	}
}
