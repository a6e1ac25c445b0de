// Command drydock is the daemon and its command line. One file a command; what the daemon is made
// of lives in internal/daemon, and what the command line shows comes from the daemon's own pages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// interrupted is the exit code of a command that Ctrl-C ended before it was done.
const interrupted = 130

// run is main without the process: it returns the exit code.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return interrupted
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(errs, "drydock:", strings.TrimSpace(err.Error()))
	}
	return 1
}

// errSaid ends a command with exit code 1 after it has told people why.
var errSaid = errors.New("failed")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "drydock",
		Short: "Amazon ECS on your own machine",
		Long: `Drydock runs Amazon ECS on your own machine: the real AWS APIs, with container instances,
services and Application Load Balancers that really run, on one container engine.

Start the daemon with ` + "`drydock serve`" + ` and point any AWS client at it with
AWS_ENDPOINT_URL=http://127.0.0.1:4566. The other commands look at a running daemon.

Every flag can also be set in the environment as DRYDOCK_ and its name in capitals,
such as DRYDOCK_DATA_DIR for --data-dir; the flag wins.`,
		Args:              noSuch,
		RunE:              showHelp,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd, os.LookupEnv) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())
	})
	root.AddCommand(serveCommand(), psCommand(), lbCommand(), eventsCommand(), whyCommand(), logsCommand(), flowsCommand(), instanceCommand(),
		resetCommand(), doctorCommand(), demoCommand(), versionCommand(), probeCommand(), netboxCommand())
	return root
}
