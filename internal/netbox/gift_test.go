package netbox

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

func TestFailuresAreTheKernels(t *testing.T) {
	if err := (Gift{}).Failure(); err != nil {
		t.Error(err)
	}
	if err := (Gift{Err: "connection refused"}).Failure(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%#v", err)
	}
	err := error(&net.OpError{Op: "dial", Err: Gift{Err: "connection timed out"}.Failure()})
	var slow net.Error
	if !errors.As(err, &slow) || !slow.Timeout() {
		t.Errorf("%#v is no timeout", err)
	}
	if err := (Gift{Err: "no operation \"x\""}).Failure(); err == nil || err.Error() != "no operation \"x\"" {
		t.Error(err)
	}
}
