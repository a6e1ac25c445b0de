package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/spf13/cobra"
)

// client asks one daemon. Its fields are the flags that every client command has.
type client struct {
	endpoint        string
	region, account string // empty: the daemon's own
	json            bool
	http            *http.Client
}

// clientFlags gives cmd the flags of a client command.
func clientFlags(cmd *cobra.Command) *client {
	c := &client{http: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	f := cmd.Flags()
	f.StringVar(&c.endpoint, "endpoint", "http://"+defaultListen, "`url` of the daemon (also $AWS_ENDPOINT_URL)")
	f.StringVar(&c.region, "region", "", "`region` to look at (also $AWS_REGION; default the daemon's)")
	f.StringVar(&c.account, "account", account(os.Getenv), "`account` to look at (also a 12-digit $AWS_ACCESS_KEY_ID; default the daemon's)")
	f.BoolVar(&c.json, "json", false, "print JSON")
	return c
}

// account is what the access key id names: it is an account itself, or one of a daemon's keys.
func account(getenv func(string) string) string {
	id := getenv("AWS_ACCESS_KEY_ID")
	if account, ours := ids.Issued(id); ours {
		return account
	}
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	return id
}

// base is the endpoint's scheme and host.
func (c *client) base() (*url.URL, error) {
	raw := c.endpoint
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("--endpoint %q: want a URL such as http://%s", c.endpoint, defaultListen)
	}
	return u, nil
}

// scope adds the account and region that were asked for.
func (c *client) scope(q url.Values) url.Values {
	if q == nil {
		q = url.Values{}
	}
	for name, v := range map[string]string{"region": c.region, "account": c.account} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// send makes a request of one of the daemon's own pages and returns an answer that is a success.
func (c *client) send(ctx context.Context, method, path string, q url.Values) (*http.Response, error) {
	u, err := c.base()
	if err != nil {
		return nil, err
	}
	u.Path, u.RawQuery = path, c.scope(q).Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(u.Host, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var refusal struct{ Error string }
	switch {
	case json.Unmarshal(body, &refusal) == nil && refusal.Error != "":
		return nil, errors.New(refusal.Error)
	case resp.StatusCode == http.StatusForbidden:
		return nil, errors.New(strings.TrimSpace(string(body)))
	}
	return nil, fmt.Errorf("what answers on %s is not Drydock (%s of %s): name the daemon with --endpoint", u.Host, resp.Status, path)
}

// unreachable says what to do about a daemon that does not answer.
func unreachable(host string, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no daemon answers on %s: start one with `drydock serve`, or name another with --endpoint", host)
	case errors.As(err, &dns):
		return fmt.Errorf("the name of %s cannot be resolved: check --endpoint", host)
	}
	return fmt.Errorf("the daemon on %s: %w", host, err)
}

// get reads one page.
func (c *client) get(ctx context.Context, path string, q url.Values, into any) error {
	resp, err := c.send(ctx, http.MethodGet, path, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("the answer of %s: %w", path, err)
	}
	return nil
}

// follow reads a page that is one JSON value a line, until it ends, ctx ends or each fails.
func (c *client) follow(ctx context.Context, path string, q url.Values, each func(line []byte) error) error {
	resp, err := c.send(ctx, http.MethodGet, path, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return eachLine(ctx, resp.Body, each)
}

// eachLine reads a stream; whatever happened after it was opened is in it.
func eachLine(ctx context.Context, body io.Reader, each func(line []byte) error) error {
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 && err == nil {
			if err := each(line); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		default:
			return errors.New("the daemon went away: start it again with `drydock serve`")
		}
	}
}
