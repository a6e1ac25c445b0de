//go:build unix

package probe

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// pause waits until it is told to stop. It may be the first process of a namespace that others
// live in, so it takes in what they leave behind.
func pause(ctx context.Context) {
	ended := make(chan os.Signal, 16)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
			for {
				if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
					break
				}
			}
		}
	}
}
