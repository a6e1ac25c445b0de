package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

func lbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lb",
		Short: "List load balancers, where to point a browser, and their targets",
		Args:  noArgs,
	}
	c := clientFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var page console.LoadBalancers
		if err := c.get(cmd.Context(), "/_drydock/lb", nil, &page); err != nil {
			return err
		}
		if c.json {
			return printJSON(cmd.OutOrStdout(), page)
		}
		return printLoadBalancers(cmd.OutOrStdout(), page)
	}
	return cmd
}

func printLoadBalancers(w io.Writer, page console.LoadBalancers) error {
	if len(page.LoadBalancers)+len(page.TargetGroups) == 0 {
		_, err := fmt.Fprintln(w, "No load balancer is there: `aws elbv2 create-load-balancer` makes one.")
		return errors.Join(err, printCertificates(w, page.Certificates))
	}
	t := table{heads: []string{"LOAD BALANCER", "LISTENER", "URL", "DOES", "NOTE"}}
	for _, l := range page.LoadBalancers {
		if len(l.Listeners) == 0 {
			t.row(l.Name, "-", "-", "nothing: it has no listener", "")
		}
		for _, n := range l.Listeners {
			t.row(l.Name, fmt.Sprintf("%s:%d", n.Protocol, n.Port), cmp.Or(n.URL, "-"), strings.Join(n.Actions, ", "), notes(n.Why, n.Closed))
		}
	}
	if err := t.print(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	t = table{heads: []string{"TARGET GROUP", "TARGET", "PORT", "TASK", "HEALTH", "WHY"}}
	for _, g := range page.TargetGroups {
		if len(g.Targets) == 0 {
			t.row(g.Name, "-", "", "", "", "")
		}
		for _, x := range g.Targets {
			t.row(g.Name, x.ID, strconv.Itoa(x.Port), short(x.Task), x.State, strings.TrimSpace(x.Reason+" "+x.Description))
		}
	}
	if err := t.print(w); err != nil {
		return err
	}
	return printCertificates(w, page.Certificates)
}

// notes joins those that there are.
func notes(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "; ")
}

func printCertificates(w io.Writer, arns []string) error {
	for _, arn := range arns {
		if _, err := fmt.Fprintf(w, "\nHTTPS listeners take the certificate %s\n", arn); err != nil {
			return err
		}
	}
	return nil
}
