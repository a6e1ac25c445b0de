package box

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// ours is the line before the names that are in the file by our doing.
const ours = "# The names below come with the network interface."

// streamed are the names by which SDKs call the AWS APIs at their address for StartLiveTail; those of before
// April 2026 put streaming- before it.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
var streamed = fmt.Sprintf("%s stream-%[1]s streaming-%[1]s", apis.addr.Addr())

// named are the lines of names that a namespace has.
func named(c netbox.Config) []string {
	if c.Credentials {
		return append(slices.Clip(c.Names), streamed)
	}
	return c.Names
}

// names puts the names of c at the end of the file at path. The engine wrote there the address
// that it gave; where the first NIC stands in for that, so does its address. The file is the
// engine's, and mounted in every container of the namespace: it is written in place.
func names(path string, c netbox.Config, given netip.Addr) error {
	old, err := os.ReadFile(path)
	if os.IsNotExist(err) && len(named(c)) == 0 {
		return nil
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	text := []byte(hosts(string(old), c, given))
	if bytes.Equal(text, old) {
		return nil
	}
	return os.WriteFile(path, text, 0o644)
}

func hosts(old string, c netbox.Config, given netip.Addr) string {
	var b strings.Builder
	for line := range strings.Lines(old) {
		if strings.TrimSpace(line) == ours {
			break
		}
		addr, rest, ok := strings.Cut(line, "\t")
		if ok && len(c.NICs) > 0 && given.IsValid() && addr == given.String() {
			line = c.NICs[0].IP.String() + "\t" + rest
		}
		b.WriteString(line)
	}
	if names := named(c); len(names) > 0 {
		if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
			b.WriteByte('\n')
		}
		b.WriteString(ours + "\n" + strings.Join(names, "\n") + "\n")
	}
	return b.String()
}
