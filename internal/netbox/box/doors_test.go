package box

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// asking is a box whose daemon is the test, and a server that opens the door to the AWS APIs.
type asking struct {
	*testing.T
	box     *box
	reports *json.Decoder
	url     string
}

func ask(t *testing.T) *asking {
	r, w := io.Pipe()
	b := newBox(nil, w)
	go b.tell(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.doors.http(w, r, apis) }))
	t.Cleanup(func() { r.Close(); srv.Close() })
	return &asking{t, b, json.NewDecoder(r), srv.URL}
}

// next is what the box says next.
func (a *asking) next() (r netbox.Report) {
	a.Helper()
	if err := a.reports.Decode(&r); err != nil {
		a.Fatal(err)
	}
	return r
}

func (a *asking) tell(id int64, r *netbox.Response) {
	a.box.do(a.Context(), netbox.Order{ID: id, Op: netbox.OpAnswer, HTTP: r})
}

// begin asks, and has the first part of an answer told.
func (a *asking) begin() (id int64, res *http.Response) {
	a.Helper()
	got := make(chan *http.Response, 1)
	go func() {
		res, err := http.Get(a.url + "/x")
		if err != nil {
			a.Error(err)
		}
		got <- res
	}()
	q := a.next()
	if q.Ev != netbox.EvHTTP || !q.HTTP.Parts || q.HTTP.Address != netbox.APIs || "http://"+q.HTTP.Host != a.url {
		a.Fatalf("asked %+v %+v", q, q.HTTP)
	}
	a.tell(q.ID, &netbox.Response{Status: 202, Header: map[string][]string{"X": {"y"}}, Body: []byte("one\n"), More: true})
	return q.ID, <-got
}

func TestAnAnswerIsPassedOnInParts(t *testing.T) {
	a := ask(t)
	id, res := a.begin()
	lines := bufio.NewReader(res.Body)
	line, err := lines.ReadString('\n') // while the rest is not told yet
	if line != "one\n" || err != nil || res.StatusCode != 202 || res.Header.Get("X") != "y" {
		t.Errorf("%s %v: %q %v", res.Status, res.Header, line, err)
	}
	for _, more := range []bool{true, false} {
		if r := a.next(); r.ID != id || r.Ev != netbox.EvTaken || r.Err != "" {
			t.Fatalf("said %+v", r)
		}
		a.tell(id, &netbox.Response{Body: []byte("two\n"), More: more})
	}
	if rest, err := io.ReadAll(lines); string(rest) != "two\ntwo\n" || err != nil {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	if a.box.asked.of(id) != nil {
		t.Error("more is waited for after the end")
	}
}

func TestAnAnswerThatBreaksOffIsNotWhole(t *testing.T) {
	a := ask(t)
	id, res := a.begin()
	if r := a.next(); r.Ev != netbox.EvTaken {
		t.Fatalf("said %+v", r)
	}
	a.tell(id, nil)
	if all, err := io.ReadAll(res.Body); string(all) != "one\n" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", all, err)
	}
}

func TestTheDaemonHearsThatNobodyListens(t *testing.T) {
	a := ask(t)
	id, res := a.begin()
	if r := a.next(); r.Ev != netbox.EvTaken || r.Err != "" {
		t.Fatalf("said %+v", r)
	}
	res.Body.Close()
	if r := a.next(); r.ID != id || r.Ev != netbox.EvTaken || !strings.Contains(r.Err, "nobody") {
		t.Errorf("said %+v", r)
	}
	a.tell(id, &netbox.Response{Body: []byte("two\n"), More: true})
	if r := a.next(); r.ID != id || r.Ev != netbox.EvTaken || r.Err == "" {
		t.Errorf("said %+v", r)
	}
}
