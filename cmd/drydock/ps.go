package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

func psCommand() *cobra.Command {
	var cluster string
	var all bool
	cmd := &cobra.Command{
		Use:   "ps",
		Short: "List tasks with their instance, ports and target health",
		Args:  noArgs,
	}
	c := clientFlags(cmd)
	cmd.Flags().StringVar(&cluster, "cluster", "", "only tasks of this cluster (`name`)")
	_ = cmd.RegisterFlagCompletionFunc("cluster", c.completes(clusterNames))
	cmd.Flags().BoolVarP(&all, "all", "a", false, "stopped tasks too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var page console.Tasks
		q := url.Values{"cluster": {cluster}, "all": {strconv.FormatBool(all)}}
		if err := c.get(cmd.Context(), "/_drydock/ps", q, &page); err != nil {
			return err
		}
		if c.json {
			return printJSON(cmd.OutOrStdout(), page)
		}
		if err := printTasks(cmd.OutOrStdout(), page.Tasks, time.Now()); err != nil {
			return err
		}
		if len(page.Tasks) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "No task in %s, account %s. `drydock ps --all` shows stopped ones; `aws ecs run-task` and `aws ecs create-service` start some.\n", page.Region, page.Account)
		}
		return printWaiting(cmd.OutOrStdout(), page.Services)
	}
	return cmd
}

// printTasks prints a row for each container of each task.
func printTasks(w io.Writer, tasks []console.Task, now time.Time) error {
	t := table{heads: []string{"TASK", "CLUSTER", "SERVICE", "REVISION", "CONTAINER", "INSTANCE", "PORTS", "TARGET", "STATUS", "WHY"}}
	for _, k := range tasks {
		for i, c := range k.Containers {
			status, why := "", []string(nil)
			if i == 0 {
				status, why = taskStatus(k, now), []string{k.Reason}
			}
			t.row(short(k.ID), k.Cluster, cmp.Or(k.Service, "-"), k.Revision, c.Name, placeWords(k), portWords(c.Ports), targetWords(k, c), status,
				strings.Join(distinct(append(why, exitWords(c))), "; "))
		}
	}
	return t.print(w)
}

// printWaiting prints a line for each service that does not get further by itself.
func printWaiting(w io.Writer, services []console.Service) error {
	var b strings.Builder
	for _, s := range services {
		why := s.Waiting
		if why == "" && !s.Throttled.IsZero() {
			why = fmt.Sprintf("its tasks keep failing; the next starts at %s (`drydock events` says why)", s.Throttled.Local().Format(time.TimeOnly))
		}
		if why != "" {
			fmt.Fprintf(&b, "\nService %s in cluster %s waits with %d of %d tasks running: %s\n", s.Name, s.Cluster, s.Running, s.Desired, oneLine(why))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func taskStatus(k console.Task, now time.Time) string {
	since := k.Started
	switch k.Status {
	case "STOPPED":
		since = k.Stopped
	case "PROVISIONING", "PENDING", "ACTIVATING":
		since = k.Created
	}
	if a := age(now, since); a != "" {
		return k.Status + " " + a
	}
	return k.Status
}

// placeWords says where a task runs.
func placeWords(k console.Task) string {
	if k.Instance == "" && k.Placed {
		return cmp.Or(k.Provider, k.Launch)
	}
	return k.Instance
}

func portWords(ports []console.Port) string {
	var list []string
	for _, p := range ports {
		if p.Host == 0 { // on the task's own address
			list = append(list, fmt.Sprintf("%s:%s/%s", p.Bind, p.ContainerPorts(), p.Protocol))
			continue
		}
		list = append(list, fmt.Sprintf("%s:%s->%s/%s", p.Bind, p.HostPorts(), p.ContainerPorts(), p.Protocol))
	}
	return strings.Join(list, " ")
}

func within(port, first, count int) bool { return port >= first && port < first+max(1, count) }

// targetWords names the targets of a task that are on ports of container c.
func targetWords(k console.Task, c console.Container) string {
	var list []string
	for _, t := range k.Targets {
		for _, p := range c.Ports {
			if !within(t.Port, p.Host, p.Count) && !within(t.Port, p.Container, p.Count) {
				continue
			}
			word := t.Group + " " + t.State
			if t.Reason != "" && t.State == "unhealthy" {
				word += " (" + t.Reason + ")"
			}
			list = append(list, word)
			break
		}
	}
	return strings.Join(list, ", ")
}

// exitWords says how a container ended.
func exitWords(c console.Container) string {
	switch {
	case c.Exit != nil:
		return fmt.Sprintf("%s exited with %d", c.Name, *c.Exit)
	case c.Reason != "":
		return c.Reason
	}
	return ""
}

// distinct leaves out what is empty or was said before.
func distinct(words []string) (list []string) {
	for _, w := range words {
		if w != "" && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}
