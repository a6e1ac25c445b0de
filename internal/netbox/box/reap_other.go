//go:build !unix

package box

import "context"

func reap(context.Context) {}
