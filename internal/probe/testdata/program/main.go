// Command program is the probe by itself, for tests that need a binary in an image.
package main

import (
	"context"
	"os"

	"github.com/drydock-ecs/drydock/internal/probe"
)

func main() { os.Exit(probe.Main(context.Background(), os.Args[2:], os.Getenv, os.Stderr)) }
