package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// oneArg wants exactly one argument and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s wants one %s, and got %d arguments; see `%s --help`", cmd.Name(), what, len(args), cmd.CommandPath())
		}
		return nil
	}
}

// someArgs wants one argument or more and says what they are.
func someArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s wants at least one %s; see `%s --help`", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument such as %q; see `%s --help`", cmd.Name(), args[0], cmd.CommandPath())
	}
	return nil
}

// noSuch refuses what is no command of a command that only has others, and says which come close.
func noSuch(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2 // letters to change
	for _, s := range cmd.SuggestionsFor(args[0]) {
		hint += fmt.Sprintf(" Did you mean `%s %s`?", cmd.CommandPath(), s)
	}
	return fmt.Errorf("there is no command %q.%s See `%s --help`", args[0], hint, cmd.CommandPath())
}

// showHelp is what a command does that only has others.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }
