package box

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

func TestServersOfANamespace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	for _, c := range []struct {
		rule, was, want string
		config          netbox.Config
	}{
		{"without any the engine's stay", "nameserver 127.0.0.11\n", "nameserver 127.0.0.11\n", netbox.Config{}},
		{"those that are given are all", "nameserver 127.0.0.11\noptions ndots:0\n", "nameserver 1.1.1.1\nnameserver 2.2.2.2\nsearch a.test b.test\n",
			netbox.Config{Servers: []string{"1.1.1.1", "2.2.2.2"}, Search: []string{"a.test", "b.test"}}},
	} {
		if err := os.WriteFile(path, []byte(c.was), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := servers(path, c.config); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != c.want {
			t.Errorf("%s: %q", c.rule, got)
		}
	}
}
