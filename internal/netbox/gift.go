package netbox

import (
	"errors"
	"syscall"
)

// refusals are what the kernel says of sockets that callers tell apart.
var refusals = []syscall.Errno{syscall.ECONNREFUSED, syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH,
	syscall.EADDRNOTAVAIL, syscall.EADDRINUSE}

// Failure is why there is no socket, as the error that the kernel gave where it is one; nil when there
// is one.
func (g Gift) Failure() error {
	if g.Err == "" {
		return nil
	}
	for _, e := range refusals {
		if g.Err == e.Error() {
			return e
		}
	}
	return errors.New(g.Err)
}
