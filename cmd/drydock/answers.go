package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
)

// tasks shows what runs, as it is really bound.
func (s *story) tasks(ctx context.Context) error {
	s.says("elbv2 describe-target-health --target-group-arn %s", s.group)
	list, err := s.running(ctx)
	if err != nil {
		return err
	}
	t := table{heads: []string{"TASK", "CONTAINER", "INSTANCE", "HOST PORT", "TARGET HEALTH"}}
	for _, k := range list {
		for _, c := range k.Containers {
			t.row(k.ID, short(c.RuntimeID), k.Instance, hostPorts(c), targetStates(k))
		}
	}
	return t.print(s.out)
}

func (s *story) running(ctx context.Context) ([]console.Task, error) {
	var page console.Tasks
	err := s.get(ctx, "/_drydock/ps", url.Values{"cluster": {demoCluster}}, &page)
	if err == nil && len(page.Tasks) != copies {
		err = fmt.Errorf("%d tasks are there, want %d", len(page.Tasks), copies)
	}
	return page.Tasks, err
}

func hostPorts(c console.Container) string {
	var list []string
	for _, p := range c.Ports {
		list = append(list, strconv.Itoa(p.Host))
	}
	return strings.Join(list, ", ")
}

func targetStates(k console.Task) string {
	var list []string
	for _, t := range k.Targets {
		list = append(list, t.State)
	}
	return strings.Join(list, ", ")
}

// requests sends twelve requests to the load balancer and tells who answered each.
func (s *story) requests(ctx context.Context) error {
	var page console.LoadBalancers
	if err := s.get(ctx, "/_drydock/lb", nil, &page); err != nil {
		return err
	}
	if len(page.LoadBalancers) != 1 || len(page.LoadBalancers[0].Listeners) != 1 {
		return fmt.Errorf("want one load balancer with one listener, got %+v", page.LoadBalancers)
	}
	n := page.LoadBalancers[0].Listeners[0]
	if n.URL == "" {
		return fmt.Errorf("the listener on port %d is not bound: %s", n.Port, n.Why)
	}
	fmt.Fprintf(s.out, "The load balancer: %s\n", n.URL)
	if n.Why != "" {
		fmt.Fprintf(s.out, "  (%s)\n", n.Why)
	}
	tasks, err := s.running(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "$ curl %s\n", n.URL)
	web := loopbackClient()
	defer web.CloseIdleConnections()
	t := table{heads: []string{"REQUEST", "STATUS", "ANSWERED BY TASK", "CONTAINER", "TOOK"}}
	for i := range 3 * copies {
		if err := s.request(ctx, web, n.URL, tasks, func(cells ...string) { t.row(append([]string{strconv.Itoa(i + 1)}, cells...)...) }); err != nil {
			return err
		}
	}
	return t.print(s.out)
}

// request asks once and finds out who answered.
func (s *story) request(ctx context.Context, web *http.Client, at string, tasks []console.Task, row func(...string)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	resp, err := web.Do(req)
	if err != nil {
		return fmt.Errorf("the load balancer does not answer: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	took := time.Since(began).Round(10 * time.Microsecond)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the load balancer answers %s: %.200s", resp.Status, body)
	}
	task, container := who(string(body), tasks)
	row(strconv.Itoa(resp.StatusCode), task, container, took.String())
	return nil
}

// who finds the container whose id an answer names.
func who(body string, tasks []console.Task) (task, container string) {
	for _, t := range tasks {
		for _, c := range t.Containers {
			if c.RuntimeID != "" && strings.Contains(body, short(c.RuntimeID)) {
				return t.ID, short(c.RuntimeID)
			}
		}
	}
	return "unknown: the image does not say", "-"
}

// loopbackClient finds *.localhost on this machine, as browsers and curl do, on whatever resolver.
func loopbackClient() *http.Client {
	var d net.Dialer
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		}}}
}
