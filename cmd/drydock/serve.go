package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/drydock-ecs/drydock/internal/daemon"

	"github.com/spf13/cobra"
)

// defaultListen is where AWS clients of local emulators look by habit.
const defaultListen = "127.0.0.1:4566"

func serveCommand() *cobra.Command {
	c := daemon.Config{Version: version}
	level := "info"
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon",
		Long: `Runs the daemon until Ctrl-C or SIGTERM. Containers run on when it stops, and are adopted at the
next start with the same data directory; --stop-tasks removes them.

Secrets are encrypted with the key in the data directory, or with that in DRYDOCK_DATA_KEY (32 bytes
as 64 hex digits or in base64).`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLog(cmd.ErrOrStderr(), level)
			if err != nil {
				return err
			}
			c.Log, c.DataKey = log, os.Getenv("DRYDOCK_DATA_KEY")
			c.Ready = func(addr string) { greet(cmd.OutOrStdout(), addr, c); log.Info("ready", "listen", addr) }
			return daemon.Run(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", defaultListen, "`address` of the API")
	f.StringVar(&c.DataDir, "data-dir", dataDir(os.Getenv), "`directory` of the state")
	f.StringSliceVar(&c.ExportDirs, "export-dir", nil, "let calls have files written in and beneath this `directory` too (repeatable; exports in the data directory always)")
	f.StringVar(&c.Engine, "engine", "docker", "what runs containers: docker, or sim, which only pretends")
	f.StringVar(&c.NetworkPool, "network-pool", "198.18.0.0/15", "`CIDR` that the engine's networks come from, other than VPCs whose own addresses are free on this machine")
	f.StringVar(&c.DockerHost, "docker-host", "", "`url` of the Docker engine (default $DOCKER_HOST, else its usual socket)")
	f.StringVar(&c.Region, "region", "us-east-1", "`region` of requests that name none")
	f.StringVar(&c.Account, "account", "000000000000", "`account` of requests whose access key id is not 12 digits")
	f.Float64Var(&c.TimeScale, "time-scale", 1, "divide every emulated duration by `N`: health checks, draining, throttles")
	f.StringVar(&level, "log-level", level, "debug, info, warn or error")
	f.IntVar(&c.DefaultInstances, "default-instances", 1, "launch `N` instances into the cluster \"default\" at the first start")
	f.StringVar(&c.DefaultType, "default-instance-type", "t3.medium", "`type` of those instances")
	f.IntVar(&c.LogsLimit, "logs-limit", 1024, "keep at most `N` MiB of log events; the oldest go first")
	f.BoolVar(&c.StopTasks, "stop-tasks", false, "remove the containers when the daemon stops")
	f.StringVar(&c.Auth, "auth", "local", "who access keys that were not issued here are: local, the account's root; strict, nobody")
	f.BoolVar(&c.NoEndpoint, "no-endpoint-injection", false, "set no AWS_ENDPOINT_URL in containers, and do not answer AWS calls from inside them")
	f.StringSliceVar(&c.AllowHosts, "allow-host", nil, "answer requests with this Host header too (`name`, repeatable)")
	return cmd
}

func newLog(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: want debug, info, warn or error", level)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// greet says how to use the daemon that answers on addr.
func greet(w io.Writer, addr string, c daemon.Config) {
	key, secret := "test", "test"
	if c.Auth == "strict" {
		key, secret = "AKIA...", "..." // of a user
	}
	fmt.Fprintf(w, `Drydock %s is ready on http://%s (picture: http://%s/_drydock/)

  export AWS_ENDPOINT_URL=http://%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_DEFAULT_REGION=%s
  aws ecs list-clusters

`, version, addr, addr, addr, key, secret, c.Region)
}

// dataDir is where a user's data lives by the XDG base directory convention.
func dataDir(getenv func(string) string) string {
	if d := getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "drydock")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "drydock")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("drydock-%d", os.Getuid()))
}
