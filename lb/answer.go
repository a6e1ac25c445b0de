package lb

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// buffers hold what moves between the two sides.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// answer passes a target's answer on: header, body as it comes, trailers.
func (x *exchange) answer(res *http.Response) {
	defer func() { _ = res.Body.Close() }() // an unread rest only costs its connection
	x.sample.Code = res.StatusCode
	h := x.w.Header()
	copyHeader(h, res.Header)
	x.ownHeader(h)
	announced := len(res.Trailer)
	for k := range res.Trailer {
		h.Add("Trailer", k)
	}
	x.w.WriteHeader(res.StatusCode)
	if err := x.copyBody(res); err != nil {
		x.sample.err = err
		if x.r.Context().Err() != nil {
			x.sample.Code = codeClientLeft
		}
		panic(http.ErrAbortHandler) // the client must not take the torn answer for a whole one
	}
	for k, vs := range res.Trailer {
		if len(res.Trailer) != announced {
			k = http.TrailerPrefix + k
		}
		h[k] = vs
	}
}

// ownHeader adds what the load balancer itself says to the client.
func (x *exchange) ownHeader(h http.Header) {
	if !x.l.row.ServerHeader() {
		delete(h, "Server")
	}
	if c := clientOf(x.r); c != nil && c.worn(x.l.keepAlive) {
		h.Set("Connection", "close")
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // so that nothing is guessed
	}
}

// copyBody passes the body on as it comes. What is not known to be complete is flushed at once;
// the last bytes of an answer of known length leave with its end.
func (x *exchange) copyBody(res *http.Response) error {
	flush := http.NewResponseController(x.w).Flush
	if res.ContentLength < 0 && x.r.Method != http.MethodHead {
		if err := flush(); err != nil {
			return fmt.Errorf("%w: %w", errLeft, err)
		}
	}
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for done := int64(0); ; {
		n, err := res.Body.Read(buf[:])
		if n > 0 {
			x.touch()
			if _, werr := x.w.Write(buf[:n]); werr != nil {
				return fmt.Errorf("%w: %w", errLeft, werr)
			}
			x.touch()
			if done += int64(n); done != res.ContentLength && err == nil {
				if ferr := flush(); ferr != nil {
					return fmt.Errorf("%w: %w", errLeft, ferr)
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
	}
}

// upgrade turns the two connections into a pipe, until both sides ended or one broke. The request
// stays in flight all the while.
func (x *exchange) upgrade(res *http.Response) {
	x.sample.Code = res.StatusCode
	back, ok := res.Body.(io.ReadWriteCloser)
	if !ok || upgradeOf(res.Header) == "" {
		_ = res.Body.Close()
		x.sample.Code = http.StatusBadGateway
		page(x.w, x.r, x.l, http.StatusBadGateway)
		return
	}
	defer back.Close()
	front, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		x.sample.Code = http.StatusBadGateway
		page(x.w, x.r, x.l, http.StatusBadGateway)
		return
	}
	defer front.Close()
	defer context.AfterFunc(x.ctx, func() { _, _ = front.Close(), back.Close() })()
	if err := sayUpgraded(buffered.Writer, res); err != nil {
		return
	}
	x.pipe(front, buffered.Reader, back)
}

// sayUpgraded writes the target's 101 to the client.
func sayUpgraded(w *bufio.Writer, res *http.Response) error {
	h := http.Header{}
	copyHeader(h, res.Header)
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", upgradeOf(res.Header))
	if _, err := fmt.Fprintf(w, "HTTP/1.1 %s\r\n", res.Status); err != nil {
		return err
	}
	if err := h.Write(w); err != nil {
		return err
	}
	if _, err := w.WriteString("\r\n"); err != nil {
		return err
	}
	return w.Flush()
}

// pipe copies both ways. A side that ended its half is told to the other; a broken one ends both.
func (x *exchange) pipe(front net.Conn, fromFront io.Reader, back io.ReadWriteCloser) {
	var wg sync.WaitGroup
	end := func() { _, _ = front.Close(), back.Close() }
	wg.Go(func() { x.oneWay(back, fromFront, end) })
	x.oneWay(front, back, end)
	wg.Wait()
}

func (x *exchange) oneWay(to io.Writer, from io.Reader, end func()) {
	_, err := io.Copy(touching{to, x}, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
		return
	}
	end()
}

// touching notes that bytes moved.
type touching struct {
	io.Writer
	x *exchange
}

func (t touching) Write(p []byte) (int, error) {
	t.x.touch()
	return t.Writer.Write(p)
}
