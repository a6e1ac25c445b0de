package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

// completes makes a completion of what a daemon knows; without one there is nothing to complete.
func (c *client) completes(list func(ctx context.Context, c *client) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
		defer cancel()
		if fromEnvironment(cmd, os.LookupEnv) != nil { // a completion runs no command
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return list(ctx, c), cobra.ShellCompDirectiveNoFileComp
	}
}

func taskIDs(ctx context.Context, c *client) (ids []string) {
	var page console.Tasks
	if c.get(ctx, "/_drydock/ps", url.Values{"all": {"1"}}, &page) != nil {
		return nil
	}
	for _, t := range page.Tasks {
		ids = append(ids, fmt.Sprintf("%s\t%s %s %s", short(t.ID), t.Service, t.Revision, t.Status))
	}
	return ids
}

func knownInstances(ctx context.Context, c *client) (ids []string) {
	var page console.Instances
	if c.get(ctx, "/_drydock/instances", nil, &page) != nil {
		return nil
	}
	for _, i := range page.Instances {
		if i.State != "terminated" {
			ids = append(ids, fmt.Sprintf("%s\t%s %s", i.ID, i.Type, i.Cluster))
		}
	}
	return ids
}

func clusterNames(ctx context.Context, c *client) []string {
	var page console.Instances
	if c.get(ctx, "/_drydock/instances", nil, &page) != nil {
		return nil
	}
	return page.Clusters
}
