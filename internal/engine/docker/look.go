package docker

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/container"
)

// Look describes a container. What shares the network namespace of another has that one's address.
func (r *Runtime) Look(ctx context.Context, runtimeID string) (l engine.Look, err error) {
	in, err := r.cli.ContainerInspect(ctx, runtimeID)
	if err != nil {
		return l, err
	}
	l = engine.Look{Name: strings.TrimPrefix(in.Name, "/"), Image: in.Image, Created: moment(in.Created),
		Started: moment(in.State.StartedAt), Finished: moment(in.State.FinishedAt)}
	if other := in.HostConfig.NetworkMode.ConnectedContainer(); other != "" {
		l.Address, err = r.boxAddress(ctx, other)
		return l, err
	}
	for _, n := range in.NetworkSettings.Networks {
		l.Address = n.IPAddress
	}
	return l, nil
}

// boxAddress is the address of the container of a box. One on the bridge of its instance is on no network
// of the engine.
func (r *Runtime) boxAddress(ctx context.Context, id string) (address string, err error) {
	in, err := r.cli.ContainerInspect(ctx, id)
	if err != nil {
		return "", err
	}
	for _, n := range in.NetworkSettings.Networks {
		address = n.IPAddress
	}
	if address != "" {
		return address, nil
	}
	c, there, err := r.channelOf(ctx, in.ID)
	if err != nil || !there || !c.config().Address.IsValid() {
		return "", err
	}
	return c.config().Address.Addr().String(), nil
}

// Stats returns what a container uses, as the engine tells it: with the sample a second before, so that
// it takes about two.
func (r *Runtime) Stats(ctx context.Context, runtimeID string) (json.RawMessage, error) {
	res, err := r.cli.ContainerStats(ctx, runtimeID, false)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var s container.StatsResponse // as it is sent, whatever else a newer engine says
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	return raw, nil
}

// moment reads a time as the engine writes it; its zero is ours.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}
