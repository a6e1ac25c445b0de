package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"regexp"
	"syscall"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Config is what a daemon needs from outside. Its fields are the flags of `drydock serve`,
// but for DataKey: a command line is for all to read.
type Config struct {
	Listen           string   // host:port of the API; loopback unless the user says otherwise
	DataDir          string   // made if missing, mode 0700
	ExportDirs       []string // where calls may have files written to, besides what is in the data directory for that
	Engine           string   // docker or sim
	DockerHost       string   // of the Docker engine; empty for $DOCKER_HOST or the default socket
	NetworkPool      string   // CIDR that subnets of the engine come from; empty for the engine's default
	Region, Account  string   // of requests that name none, and of the default instances
	Version          string
	TimeScale        float64  // divides every emulated duration
	DefaultInstances int      // instances of the cluster "default", launched at the first start
	DefaultType      string   // their type
	LogsLimit        int      // MiB of log events that are kept at most; 0 for 1024
	StopTasks        bool     // stop what runs when the daemon stops
	NoEndpoint       bool     // containers are not told where the API is, and do not reach it
	AllowHosts       []string // further Host headers that are answered
	Auth             string   // local: keys that were not issued here are the account's root; strict: they are refused
	DataKey          string   // encrypts secrets, from $DRYDOCK_DATA_KEY; empty for the one in the data directory
	Log              *slog.Logger
	Ready            func(addr string) // told once, when the API answers
}

func (c Config) scope() model.Scope { return model.Scope{Account: c.Account, Region: c.Region} }

// strict says that keys which were not issued here are refused.
func (c Config) strict() bool { return c.Auth == "strict" }

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]+$`)
)

// check says which setting cannot be, and what it should look like.
func (c Config) check() error {
	switch {
	case !accountForm.MatchString(c.Account):
		return fmt.Errorf("--account %q: want 12 digits, such as 000000000000", c.Account)
	case !regionForm.MatchString(c.Region):
		return fmt.Errorf("--region %q: want a region name, such as us-east-1", c.Region)
	case c.Engine != "docker" && c.Engine != "sim":
		return fmt.Errorf("--engine %q: want docker or sim", c.Engine)
	case c.Engine == "sim" && c.DockerHost != "":
		return errors.New("--docker-host has no meaning with --engine sim: leave one of them out")
	case c.NetworkPool != "" && !isPool(c.NetworkPool):
		return fmt.Errorf("--network-pool %q: want an IPv4 CIDR between /8 and /20, such as 198.18.0.0/15", c.NetworkPool)
	case c.TimeScale <= 0 || math.IsInf(c.TimeScale, 0) || math.IsNaN(c.TimeScale):
		return fmt.Errorf("--time-scale %v: want a number above 0, such as 1 or 60", c.TimeScale)
	case c.LogsLimit < 0:
		return fmt.Errorf("--logs-limit %d: want a number of MiB, such as 1024", c.LogsLimit)
	case c.Auth != "" && c.Auth != "local" && c.Auth != "strict":
		return fmt.Errorf("--auth %q: want local or strict", c.Auth)
	case c.DefaultInstances < 0 || c.DefaultInstances > 100:
		return fmt.Errorf("--default-instances %d: want 0 to 100", c.DefaultInstances)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen %q: want host:port, such as 127.0.0.1:4566", c.Listen)
	}
	return nil
}

// isPool reports whether s is an IPv4 range that networks can be cut from.
func isPool(s string) bool {
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Addr().Is4() && p.Bits() >= 8 && p.Bits() <= 20
}

// cannotListen says why an address cannot be had, in few words, and what to do.
func cannotListen(address string, err error) error {
	hint := "choose another address with --listen"
	if errors.Is(err, syscall.EADDRINUSE) {
		hint = "is another daemon running? " + hint
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return fmt.Errorf("cannot listen on %s: %w; %s", address, err, hint)
}
