package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

// finding is what doctor says of one thing.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, warning or missing
	Says   string `json:"says"`
	Fix    string `json:"fix,omitempty"`
}

const (
	fine    = "ok"
	warning = "warning"
	missing = "missing"
)

// patient is what doctor looks at.
type patient struct {
	*client
	dockerHost, dataDir string

	engine    *engineFacts // nil while none answers
	daemon    bool
	caveats   []string // of the daemon's engine
	instances []console.Instance
	lb        console.LoadBalancers
}

func doctorCommand() *cobra.Command {
	p := &patient{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing on this machine, and the fix",
		Long:  "Looks at this machine and at the daemon, if one runs. It changes nothing. The exit code is 1 if something is missing.",
		Args:  noArgs,
	}
	p.client = clientFlags(cmd)
	cmd.Flags().StringVar(&p.dockerHost, "docker-host", os.Getenv("DOCKER_HOST"), "`url` of the Docker engine")
	cmd.Flags().StringVar(&p.dataDir, "data-dir", dataDir(os.Getenv), "`directory` of the daemon's state")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list := p.examine(cmd.Context())
		if err := p.report(cmd.OutOrStdout(), list); err != nil {
			return err
		}
		for _, f := range list {
			if f.Status == missing {
				return errSaid
			}
		}
		return nil
	}
	return cmd
}

// examine runs every check; later ones use what earlier ones learned.
func (p *patient) examine(ctx context.Context) (list []finding) {
	for _, check := range []func(context.Context) []finding{
		p.checkEngine, p.checkDaemon, p.checkTaskLimits, p.checkPromises, p.checkAgents, p.checkPorts, p.checkPublicAddresses, p.checkPortRange, p.checkDisk, p.checkAWS,
	} {
		list = append(list, check(ctx)...)
	}
	return list
}

func (p *patient) report(w io.Writer, list []finding) error {
	if p.json {
		return printJSON(w, map[string]any{"checks": list})
	}
	t := table{heads: []string{"CHECK", "STATUS", "WHAT"}}
	for _, f := range list {
		t.row(f.Check, f.Status, f.Says)
	}
	if err := t.print(w); err != nil {
		return err
	}
	for _, f := range list {
		if f.Fix == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "\n%s: %s\n", f.Check, f.Fix); err != nil {
			return err
		}
	}
	return nil
}
