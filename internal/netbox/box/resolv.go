package box

import (
	"os"
	"strings"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// servers says in the file at path where names are asked for. The engine's own resolver, which it named
// there, would only hand on what it is asked, and answer for containers that nobody here knows.
func servers(path string, c netbox.Config) error {
	text := resolv(c)
	if text == "" {
		return nil
	}
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func resolv(c netbox.Config) string {
	if len(c.Servers) == 0 {
		return ""
	}
	var b strings.Builder
	for _, s := range c.Servers {
		b.WriteString("nameserver " + s + "\n")
	}
	if len(c.Search) > 0 {
		b.WriteString("search " + strings.Join(c.Search, " ") + "\n")
	}
	return b.String()
}
