//go:build unix

package box

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// reap takes in what processes leave behind: a box may be the first process of a namespace that
// others live in.
func reap(ctx context.Context) {
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
