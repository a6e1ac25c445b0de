package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// longestLine is where a line that does not end is cut.
const longestLine = 1 << 20

// Logs reads the lines that a container wrote, oldest first. When following, it ends with the
// container; it ends in any case with ctx. An error comes last.
func (r *Runtime) Logs(ctx context.Context, runtimeID string, o engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(yield func(engine.LogLine, error) bool) {
		if err := r.readLogs(ctx, runtimeID, o, func(l engine.LogLine) bool { return yield(l, nil) }); err != nil && ctx.Err() == nil {
			yield(engine.LogLine{}, err)
		}
	}
}

// errEnough ends reading when nobody wants more lines.
var errEnough = errors.New("enough")

func (r *Runtime) readLogs(ctx context.Context, id string, o engine.LogOptions, yield func(engine.LogLine) bool) error {
	in, there, err := r.own(ctx, id)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("container %s is gone, and its log with it", id)
	}
	opts := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: o.Follow, Tail: "all"}
	if o.Tail > 0 {
		opts.Tail = strconv.Itoa(o.Tail)
	}
	if !o.Since.IsZero() {
		opts.Since = o.Since.UTC().Format(time.RFC3339Nano)
	}
	body, err := r.cli.ContainerLogs(ctx, id, opts)
	if err != nil {
		return err
	}
	defer body.Close()
	out := &liner{base: engine.LogLine{Container: in.Config.Labels[labelContainer]}, yield: yield}
	if in.Config.Tty { // one stream, without frames
		err = eachLine(body, out)
	} else {
		stderr := &liner{base: out.base, yield: yield}
		stderr.base.Stderr = true
		_, err = stdcopy.StdCopy(out, stderr, body)
		if err == nil {
			err = out.end()
		}
		if err == nil {
			err = stderr.end()
		}
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func eachLine(body io.Reader, out *liner) error {
	for rd := bufio.NewReaderSize(body, 64<<10); ; {
		line, err := rd.ReadSlice('\n')
		if len(line) > 0 {
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return out.end()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// liner takes one message of the log at a time, which begins with its time and is a line or, for
// long ones, a part of one, and yields whole lines.
type liner struct {
	base  engine.LogLine
	yield func(engine.LogLine) bool
	at    time.Time // of the first part
	last  time.Time // of the last one
	parts []byte
}

// Write takes one message.
func (l *liner) Write(p []byte) (int, error) {
	text := p
	if stamp, rest, ok := bytes.Cut(p, []byte(" ")); ok {
		if at, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil {
			text, l.last = rest, at.UTC()
			if len(l.parts) == 0 {
				l.at = l.last
			}
		}
	}
	whole := bytes.HasSuffix(text, []byte("\n"))
	l.parts = append(l.parts, bytes.TrimRight(text, "\r\n")...)
	if !whole && len(l.parts) < longestLine {
		return len(p), nil
	}
	return len(p), l.flush()
}

// end yields what came without an end of line.
func (l *liner) end() error {
	if len(l.parts) == 0 {
		return nil
	}
	return l.flush()
}

func (l *liner) flush() error {
	line := l.base
	line.At, line.Last, line.Text = l.at, l.last, string(l.parts)
	l.parts = l.parts[:0]
	if !l.yield(line) {
		return errEnough
	}
	return nil
}
