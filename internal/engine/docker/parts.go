package docker

import (
	"context"
	"errors"
	"net/http"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// mostPart bounds how much of an answer the box is told at once, in bytes.
const mostPart = 1 << 20

// errLeft is what who writes gets once nobody listens inside.
var errLeft = errors.New("nobody listens any more")

// parts is a response that is told in parts. Each waits until the box has passed on the one before, so
// who reads slowly inside holds up who writes here, and costs no memory in between.
type parts struct {
	written
	id    int64
	line  *line
	ctx   context.Context
	end   context.CancelFunc
	begun func()             // called with the first part
	taken chan netbox.Report // the box passed a part on
}

// Flush tells what was written since.
func (w *parts) Flush() { _ = w.FlushError() }

// FlushError is Flush, and says whether somebody listens.
func (w *parts) FlushError() error {
	w.WriteHeader(http.StatusOK)
	w.begun()
	for {
		part := w.body.Next(mostPart)
		err := w.line.write(netbox.Order{ID: w.id, Op: netbox.OpAnswer, HTTP: &netbox.Response{Status: w.status, Header: w.header, Body: part, More: true}})
		if err != nil {
			w.end()
			return err
		}
		w.header = http.Header{} // is told once
		select {
		case <-w.taken:
		case <-w.line.next: // and what was said on it is lost
			w.end()
		case <-w.ctx.Done():
		}
		if w.ctx.Err() != nil {
			return errLeft
		}
		if w.body.Len() == 0 {
			return nil
		}
	}
}

// took hears that the box passed a part on, or that nobody listens.
func (c *channel) took(rep netbox.Report) {
	v, ok := c.parts.Load(rep.ID)
	if !ok {
		return // the answer has ended
	}
	w := v.(*parts)
	if rep.Err != "" {
		w.end()
		return
	}
	select {
	case w.taken <- rep:
	default: // said of no part
	}
}
