package box

import (
	"context"
	"errors"
	"io"
)

func (*box) openGate(context.Context) error { return nil }

func relay(context.Context, io.Reader, io.Writer) error { return errors.New("not yet") }
