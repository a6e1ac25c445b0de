//go:build !unix

package probe

import "context"

// pause waits until it is told to stop.
func pause(ctx context.Context) { <-ctx.Done() }
