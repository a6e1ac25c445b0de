package docker

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
)

const (
	// longestReport bounds one JSON value of a box.
	longestReport = 16 << 20
	// writePatience is how long a box may take to read what it is told.
	writePatience = 10 * time.Second
)

// errBroken is what calls over a line get that ended before the answer came.
var errBroken = errors.New("the connection to the container's process broke")

// line is one attachment to a box: JSON values, one a line, both ways.
type line struct {
	conn types.HijackedResponse

	writing sync.Mutex
	written bool

	mu    sync.Mutex
	last  int64                        // id of an order
	waits map[int64]chan netbox.Report // for the answer to each
	said  string                       // last line that the process wrote to its standard error
	lost  bool                         // no answer comes any more

	ready chan netbox.Report // the first Ready
	next  chan struct{}      // closed once there is another line instead, or none for ever
}

// attach opens a line to a container, which need not have been started.
func (r *Runtime) attach(ctx context.Context, id string) (*line, error) {
	conn, err := hijack(ctx, func(ctx context.Context) (types.HijackedResponse, error) {
		return r.cli.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	})
	if err != nil {
		return nil, err
	}
	return newLine(conn), nil
}

// hijack takes a connection to the engine over. The client waits for the engine without looking at ctx: one
// that says nothing is left waiting, and what comes of it is closed.
func hijack(ctx context.Context, open func(context.Context) (types.HijackedResponse, error)) (conn types.HijackedResponse, err error) {
	type opened struct {
		conn types.HijackedResponse
		err  error
	}
	err = limit(ctx, inspectTimeout, "attached", func(ctx context.Context) error {
		come := make(chan opened)
		go func() {
			c, err := open(ctx)
			select {
			case come <- opened{c, err}:
			case <-ctx.Done():
				if err == nil {
					c.Close()
				}
			}
		}()
		select {
		case o := <-come:
			conn = o.conn
			return o.err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return conn, err
}

// newLine counts orders from the clock: what another daemon was not there to hear answers none of ours.
func newLine(conn types.HijackedResponse) *line {
	return &line{conn: conn, last: time.Now().UnixMicro(), waits: map[int64]chan netbox.Report{},
		ready: make(chan netbox.Report, 1), next: make(chan struct{})}
}

// read hears what the box says, until the line breaks. tell must not block.
func (l *line) read(tell func(netbox.Report)) {
	defer l.lose()
	s := bufio.NewScanner(&frames{from: l.conn.Reader, stderr: l.complain})
	s.Buffer(nil, longestReport)
	for s.Scan() {
		var rep netbox.Report
		if json.Unmarshal(s.Bytes(), &rep) != nil {
			continue // the rest of a line that began before we listened
		}
		switch rep.Ev {
		case netbox.EvReady:
			select {
			case l.ready <- rep:
			default:
			}
			l.answered(rep)
		case netbox.EvDone:
			l.answered(rep)
		default:
			tell(rep)
		}
	}
}

// lose ends the line for those that wait.
func (l *line) lose() {
	l.conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
	for id, w := range l.waits {
		close(w)
		delete(l.waits, id)
	}
	close(l.ready)
}

func (l *line) answered(rep netbox.Report) {
	l.mu.Lock()
	w := l.waits[rep.ID]
	delete(l.waits, rep.ID)
	l.mu.Unlock()
	if w != nil {
		w <- rep
	}
}

func (l *line) complain(text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = string(text)
}

// why is what the process said last of its own, in brackets.
func (l *line) why() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said == "" {
		return ""
	}
	return " (" + l.said + ")"
}

// call gives an order, waits until it is done, and returns what is said of it.
func (l *line) call(ctx context.Context, o netbox.Order) (netbox.Report, error) {
	w := make(chan netbox.Report, 1)
	if err := l.post(&o, w); err != nil {
		return netbox.Report{}, err
	}
	select {
	case rep, ok := <-w:
		if !ok {
			return rep, errBroken
		}
		if rep.Err != "" {
			return rep, fmt.Errorf("%s: %s", o.Op, rep.Err)
		}
		return rep, nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waits, o.ID)
		return netbox.Report{}, ctx.Err()
	}
}

// post writes an order; w gets its answer and o its id.
func (l *line) post(o *netbox.Order, w chan netbox.Report) error {
	l.mu.Lock()
	if l.lost {
		l.mu.Unlock()
		return errBroken
	}
	l.last++
	o.ID = l.last
	l.waits[o.ID] = w
	l.mu.Unlock()
	return l.write(*o)
}

// write says one thing. A box that does not read for long is cut off; it is then attached again.
func (l *line) write(o netbox.Order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	text = append(text, '\n')
	if !l.written { // and end what another daemon may have begun
		text, l.written = append([]byte{'\n'}, text...), true
	}
	_ = l.conn.Conn.SetWriteDeadline(time.Now().Add(writePatience))
	if _, err := l.conn.Conn.Write(text); err != nil {
		l.conn.Close()
		return errBroken
	}
	return nil
}

// frames reads the standard output out of an attached stream. The engine writes eight bytes before
// each piece: which stream it is of, and how long it is.
//
// Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
type frames struct {
	from   io.Reader
	left   int
	stderr func([]byte)
}

// errorOutput is the number of the standard error.
const errorOutput = 2

func (f *frames) Read(p []byte) (int, error) {
	for f.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(f.from, head[:]); err != nil {
			return 0, err
		}
		f.left = int(binary.BigEndian.Uint32(head[4:]))
		if head[0] == errorOutput {
			text := make([]byte, min(f.left, longestReport))
			if _, err := io.ReadFull(f.from, text); err != nil {
				return 0, err
			}
			f.left = 0
			f.stderr(text)
		}
	}
	n, err := f.from.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}
