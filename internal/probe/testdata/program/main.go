// Command program is the probe and the netbox by themselves, for tests that need a binary in an image.
package main

import (
	"context"
	"os"

	"github.com/drydock-ecs/drydock/internal/netbox/box"
	"github.com/drydock-ecs/drydock/internal/probe"
)

func main() {
	if os.Args[1] == "netbox" {
		os.Exit(box.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(probe.Main(context.Background(), os.Args[2:], os.Getenv, os.Stderr))
}
