package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/spf13/cobra"
)

func instanceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "instance", Short: "Add, list and remove container instances", Args: noSuch, RunE: showHelp}
	cmd.AddCommand(instanceAddCommand(), instanceListCommand(), instanceRemoveCommand())
	return cmd
}

func instanceAddCommand() *cobra.Command {
	var l launch
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Launch instances that join a cluster",
		Long: `Launches EC2 instances that join a cluster and returns once they did. It is the short way for
aws ec2 run-instances with user data that writes ECS_CLUSTER=name to /etc/ecs/ecs.config.`,
		Example: "  drydock instance add --cluster demo --type t3.medium --count 2",
		Args:    noArgs,
	}
	c := clientFlags(cmd)
	cmd.Flags().StringVar(&l.cluster, "cluster", "default", "the cluster to join (`name`)")
	_ = cmd.RegisterFlagCompletionFunc("cluster", c.completes(clusterNames))
	cmd.Flags().StringVar(&l.kind, "type", "t3.medium", "the instance `type`")
	cmd.Flags().StringVar(&l.group, "group", "", "the Auto Scaling group to be in (`name`), for capacity providers")
	cmd.Flags().StringVar(&l.profile, "profile", "", "the instance profile (`name`) whose role the agent acts in; without one it is the account's root, or nobody with serve --auth strict")
	cmd.Flags().IntVar(&l.n, "count", 1, "how many (`N`)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if l.n < 1 {
			return fmt.Errorf("--count %d: want 1 or more", l.n)
		}
		ids, err := c.addInstances(cmd.Context(), l)
		if err != nil {
			return err
		}
		return c.listInstances(cmd, ids)
	}
	return cmd
}

// launch is what instances to add are.
type launch struct {
	cluster, kind string
	group         string // Auto Scaling group; empty for none
	profile       string // instance profile; empty for none
	n             int
}

// addInstances launches instances and returns their ids once they joined their cluster.
func (c *client) addInstances(ctx context.Context, l launch) (ids []string, err error) {
	if err := c.wantCluster(ctx, l.cluster); err != nil {
		return nil, err
	}
	events, err := c.send(ctx, http.MethodGet, "/_drydock/events", url.Values{"follow": {"1"}, "tail": {"0"}})
	if err != nil {
		return nil, err
	}
	defer events.Body.Close()
	if ids, err = c.runInstances(ctx, l); err != nil {
		return nil, err
	}
	err = eachLine(ctx, events.Body, func(line []byte) error {
		var e console.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if !slices.Contains(ids, e.Subject) {
			return nil
		}
		return c.joined(ctx, ids)
	})
	if errors.Is(err, errJoined) {
		return ids, nil
	}
	return nil, fmt.Errorf("waiting for %s to join %s: %w", strings.Join(ids, ", "), l.cluster, cmp.Or(err, errors.New("the daemon stopped")))
}

// wantCluster says how to make the cluster if there is none, and learns which account and region
// the daemon looks at, so that all calls go there.
func (c *client) wantCluster(ctx context.Context, name string) error {
	var page console.Instances
	if err := c.get(ctx, "/_drydock/instances", nil, &page); err != nil {
		return err
	}
	c.region, c.account = page.Region, page.Account
	if !slices.Contains(page.Clusters, name) {
		return fmt.Errorf("there is no cluster %q in %s: create it with `aws ecs create-cluster --cluster-name %s`", name, page.Region, name)
	}
	return nil
}

// runInstances is RunInstances with user data that names the cluster.
func (c *client) runInstances(ctx context.Context, l launch) (ids []string, err error) {
	var out struct {
		IDs []string `xml:"instancesSet>item>instanceId"`
	}
	data := "#!/bin/bash\necho ECS_CLUSTER=" + l.cluster + " >> /etc/ecs/ecs.config\n"
	form := url.Values{"ImageId": {anyAMI}, "InstanceType": {l.kind}, "MinCount": {strconv.Itoa(l.n)}, "MaxCount": {strconv.Itoa(l.n)},
		"UserData": {base64.StdEncoding.EncodeToString([]byte(data))}}
	if l.group != "" {
		form.Set("TagSpecification.1.ResourceType", "instance")
		form.Set("TagSpecification.1.Tag.1.Key", model.GroupTag)
		form.Set("TagSpecification.1.Tag.1.Value", l.group)
	}
	if l.profile != "" {
		form.Set("IamInstanceProfile.Name", l.profile)
	}
	err = c.ec2(ctx, "RunInstances", form, &out)
	return out.IDs, err
}

// anyAMI stands for the machine image: what runs on an instance is the container engine's matter.
const anyAMI = "ami-0ec50000000000000"

// errJoined ends the waiting.
var errJoined = errors.New("joined")

// joined returns errJoined once every one of the instances is in a cluster.
func (c *client) joined(ctx context.Context, ids []string) error {
	var page console.Instances
	if err := c.get(ctx, "/_drydock/instances", nil, &page); err != nil {
		return err
	}
	in := 0
	for _, i := range page.Instances {
		switch {
		case !slices.Contains(ids, i.ID):
		case i.Member != nil:
			in++
		case i.State == "shutting-down" || i.State == "terminated":
			return fmt.Errorf("instance %s is %s: %s", i.ID, i.State, i.Reason)
		case i.Refused != "":
			return fmt.Errorf("instance %s runs, but has not registered: %s (an instance profile whose role has AmazonEC2ContainerServiceforEC2Role lets it: --profile)", i.ID, i.Refused)
		}
	}
	if in < len(ids) {
		return nil
	}
	return errJoined
}

func instanceListCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List instances and what they have left", Args: noArgs}
	c := clientFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.listInstances(cmd, nil) }
	return cmd
}

// listInstances prints those with the ids; all when there are none.
func (c *client) listInstances(cmd *cobra.Command, ids []string) error {
	var page console.Instances
	if err := c.get(cmd.Context(), "/_drydock/instances", nil, &page); err != nil {
		return err
	}
	if ids != nil {
		page.Instances = slices.DeleteFunc(page.Instances, func(i console.Instance) bool { return !slices.Contains(ids, i.ID) })
	}
	if c.json {
		return printJSON(cmd.OutOrStdout(), page)
	}
	return printInstances(cmd.OutOrStdout(), page.Instances)
}

func printInstances(w io.Writer, list []console.Instance) error {
	t := table{heads: []string{"INSTANCE", "TYPE", "ZONE", "STATE", "CLUSTER", "PROVIDER", "AGENT", "CPU LEFT", "MEMORY LEFT", "TASKS", "ADDRESS", "PUBLIC", "NOTE"}}
	for _, i := range list {
		status, cpu, mem, tasks, provider := "-", "-", "-", "-", ""
		if m := i.Member; m != nil && m.Status == "INACTIVE" {
			status = m.Status
		} else if m != nil {
			switch status = m.Status; {
			case m.Refused != "":
				status += " (agent refused)"
			case !m.Connected:
				status += " (engine away)"
			}
			cpu, mem = fmt.Sprintf("%d of %d", m.CPULeft, m.CPU), fmt.Sprintf("%d of %d MiB", m.MemLeft, m.Memory)
			tasks, provider = strconv.Itoa(m.Running+m.Pending), m.Provider
		}
		t.row(i.ID, i.Type, i.Zone, i.State, i.Cluster, provider, status, cpu, mem, tasks, i.PrivateIP, i.Public, note(i))
	}
	return t.print(w)
}

// note is what is to be said of an instance: why it ended, or why its agent is not heard.
func note(i console.Instance) string {
	switch {
	case i.Refused != "":
		return "not registered: " + i.Refused
	case i.Member != nil && i.Member.Refused != "":
		return i.Member.Refused
	}
	return i.Reason
}

func instanceRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rm ID...",
		Aliases: []string{"remove"},
		Short:   "Terminate instances; their tasks stop",
		Args:    someArgs("ID, an instance id or the beginning of one"),
	}
	c := clientFlags(cmd)
	cmd.ValidArgsFunction = c.completes(knownInstances)
	cmd.RunE = func(cmd *cobra.Command, prefixes []string) error {
		var page console.Instances
		if err := c.get(cmd.Context(), "/_drydock/instances", nil, &page); err != nil {
			return err
		}
		c.region, c.account = page.Region, page.Account
		ids, err := instanceIDs(page.Instances, prefixes)
		if err != nil {
			return err
		}
		form := url.Values{}
		for i, id := range ids {
			form.Set(fmt.Sprintf("InstanceId.%d", i+1), id)
		}
		if err := c.ec2(cmd.Context(), "TerminateInstances", form, nil); err != nil {
			return err
		}
		return c.listInstances(cmd, ids)
	}
	return cmd
}

// instanceIDs resolves ids, or beginnings of ids that only one instance has.
func instanceIDs(list []console.Instance, prefixes []string) (ids []string, err error) {
	for _, p := range prefixes {
		var found []string
		for _, i := range list {
			if strings.HasPrefix(i.ID, p) {
				found = append(found, i.ID)
			}
		}
		switch len(found) {
		case 0:
			return nil, fmt.Errorf("there is no instance %q: `drydock instance list` shows them", p)
		case 1:
			ids = append(ids, found[0])
		default:
			return nil, fmt.Errorf("%q is the beginning of more than one instance id: %s; give more of it", p, strings.Join(found, ", "))
		}
	}
	return ids, nil
}
