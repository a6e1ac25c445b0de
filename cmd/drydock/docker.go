package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// engineFacts is what doctor wants to know of a Docker engine.
type engineFacts struct {
	Version string `json:"ServerVersion"`
	System  string `json:"OperatingSystem"`
	CPUs    int    `json:"NCPU"`
	Memory  int64  `json:"MemTotal"` // bytes
	Root    string `json:"DockerRootDir"`
	Driver  string `json:"CgroupDriver"`
}

// defaultDockerHost is the engine's usual socket.
const defaultDockerHost = "unix:///var/run/docker.sock"

// askEngine asks the engine at host, in the form of DOCKER_HOST, what it is.
func askEngine(ctx context.Context, host string) (f engineFacts, err error) {
	err = engineGet(ctx, host, "/info", &f)
	return f, err
}

// leftBehind returns the names of the containers and networks that carry an owner's label.
func leftBehind(ctx context.Context, host, owner string) (names []string, err error) {
	filter := url.QueryEscape(`{"label":["io.drydock.owner=` + owner + `"]}`)
	var containers []struct{ Names []string }
	var networks []struct{ Name string }
	if err := errors.Join(engineGet(ctx, host, "/containers/json?all=1&filters="+filter, &containers),
		engineGet(ctx, host, "/networks?filters="+filter, &networks)); err != nil {
		return nil, err
	}
	for _, c := range containers {
		names = append(names, "container "+strings.TrimPrefix(strings.Join(c.Names, " "), "/"))
	}
	for _, n := range networks {
		names = append(names, "network "+n.Name)
	}
	return names, nil
}

// engineGet reads one page of the engine's API.
func engineGet(ctx context.Context, host, path string, into any) error {
	u, err := url.Parse(cmp.Or(host, defaultDockerHost))
	if err != nil {
		return fmt.Errorf("docker host %q: %w", host, err)
	}
	network, address := "unix", u.Path
	switch u.Scheme {
	case "unix":
	case "tcp", "http":
		network, address = "tcp", u.Host
	default:
		return fmt.Errorf("docker host %q: only unix:// and tcp:// can be asked here", host)
	}
	var d net.Dialer
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, network, address) }}
	defer t.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("%s is no Docker engine: it answers %s", address, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
