package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/daemon"

	"github.com/spf13/cobra"
)

// demo is `drydock demo`: a daemon of its own that plays the seed story and leaves nothing behind.
type demo struct {
	listen, image, dockerHost string
	port                      int
	once                      bool

	out  io.Writer
	addr string // where the daemon answers
}

func demoCommand() *cobra.Command {
	d := &demo{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play the story: one instance, four tasks, one load balancer",
		Long: `Starts a daemon with state of its own, plays the story through the public APIs (showing the aws
command for each step), sends twelve requests through the load balancer, and stays until Ctrl-C.
Whatever it started is gone when it ends.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.listen, "listen", defaultListen, "`address` of the API; another port is used if it is taken")
	f.StringVar(&d.image, "image", "nginx", "an `image` of nginx, or drydock/probe")
	f.StringVar(&d.dockerHost, "docker-host", "", "`url` of the Docker engine (default $DOCKER_HOST, else its usual socket)")
	f.IntVar(&d.port, "port", 80, "the listener's `port`")
	f.BoolVar(&d.once, "once", false, "end after the twelve requests")
	return cmd
}

// run starts the daemon, plays, waits, and cleans up whatever happened.
func (d *demo) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "drydock-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	listen, err := d.address()
	if err != nil {
		return err
	}
	var log bytes.Buffer // the handler locks it; it is read when the daemon has ended
	life, end := context.WithCancel(ctx)
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- daemon.Run(life, daemon.Config{Listen: listen, DataDir: dir, Engine: "docker", DockerHost: d.dockerHost,
			Region: "us-east-1", Account: "000000000000", Version: version, TimeScale: 1, DefaultType: "t3.medium", StopTasks: true,
			Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: func(addr string) { ready <- addr }})
	}()
	defer func() {
		quiet := hush()
		defer quiet()
		end()
		fmt.Fprintln(d.out, "\nStopping: removing what this demo started …")
		err = d.cleanUp(err, <-ended, dir)
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(d.out, "\nThe daemon's last lines:\n%s\n", lastLines(log.String(), 15))
		}
	}()
	select {
	case d.addr = <-ready:
	case err := <-ended:
		ended <- nil
		return err
	}
	if err := d.play(life); err != nil || d.once {
		return err
	}
	fmt.Fprintf(d.out, "\nEverything stays up until Ctrl-C. In another terminal:\n  export DRYDOCK_ENDPOINT=http://%[1]s\n  %[2]s ps; %[2]s lb; %[2]s events -f\nor open http://%[1]s/_drydock/ in a browser.\n", d.addr, os.Args[0])
	select {
	case err := <-ended:
		ended <- nil
		return cmp.Or(err, errors.New("the daemon ended"))
	case <-ctx.Done():
		return nil
	}
}

// hush keeps further signals from ending the process before it cleaned up.
func hush() (end func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return func() { signal.Stop(ch) }
}

// address is where to listen: as asked, or on a free port beside it.
func (d *demo) address() (string, error) {
	err := bindable(d.listen)
	if err == nil {
		return d.listen, nil
	}
	host, _, splitErr := net.SplitHostPort(d.listen)
	if splitErr != nil {
		return "", fmt.Errorf("--listen %q: want host:port, such as %s", d.listen, defaultListen)
	}
	fmt.Fprintf(d.out, "%s cannot be used (%v): the demo takes another port.\n", d.listen, err)
	return net.JoinHostPort(host, "0"), nil
}

// cleanUp looks whether the daemon left something on the engine, and says what went wrong.
func (d *demo) cleanUp(played, ended error, dir string) error {
	err := errors.Join(played, ended)
	owner, readErr := os.ReadFile(filepath.Join(dir, "owner"))
	if readErr != nil {
		return err // it never came as far as starting something
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	left, askErr := leftBehind(ctx, cmp.Or(d.dockerHost, os.Getenv("DOCKER_HOST")), strings.TrimSpace(string(owner)))
	switch {
	case askErr != nil:
		return errors.Join(err, fmt.Errorf("cannot see whether something is left on the engine: %w", askErr))
	case len(left) > 0:
		return errors.Join(err, fmt.Errorf("left on the engine: %s", strings.Join(left, ", ")))
	}
	fmt.Fprintln(d.out, "Nothing is left: no container, no network, no process.")
	return err
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
