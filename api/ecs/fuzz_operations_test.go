package ecs

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
)

// FuzzOperations sends any operation any body, one of its values replaced by a nasty one. An answer is one of the API's: what is refused is
// refused with an error type that the operation's page names, and changes nothing.
func FuzzOperations(f *testing.F) {
	for _, r := range refusals {
		f.Add(operationOf(r.in), wireBody(f, r.in), uint(0), uint(0))
	}
	for _, a := range answers {
		f.Add(operationOf(a.in), wireBody(f, a.in), uint(0), uint(0))
	}
	ops := operations(handlers{})
	whole := stageFile(f)
	f.Fuzz(func(t *testing.T, op string, body []byte, at, with uint) {
		if ops[op] == nil {
			return
		}
		body = spoiled(body, at, with)
		s := reopened(t, whole)
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+op)
		request.Header.Set("Content-Type", "application/x-amz-json-1.1")
		wire.New([]wire.Service{Service(s, Options{Arch: "amd64"})}, wire.Options{Default: scope}).ServeHTTP(answer, request)
		changed := s.Commits() > 0
		var of struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &of); err != nil {
			t.Fatalf("%s %s: %v: %s", op, body, err, answer.Body)
		}
		if answer.Code == http.StatusOK {
			return
		}
		code := strings.TrimSuffix(of.Type, "Exception")
		if answer.Code != http.StatusBadRequest || of.Message == "" || changed || code != "Serialization" && !slices.Contains(strings.Fields(documented[op]), code) {
			t.Fatalf("%s %s: %d %s: %s, changed: %v", op, body, answer.Code, of.Type, of.Message, changed)
		}
	})
}

// nasty values replace one of a body. The first is none: the body stays as it is.
var nasty = []any{nil, "", " ", "a/b", "é\u0000", strings.Repeat("x", 300), "arn:aws:ecs:::", arnPrefix + "service/demo/web", "aws:x", "-1", "9999999999999999999", "1e400",
	true, 0, -1, 1, 65536, math.MaxInt32, math.MinInt32, 0.5, []any{}, []any{nil}, []any{""}, map[string]any{}, map[string]any{"": ""}}

// spoiled puts the nasty value number with in the place number at of a body.
func spoiled(body []byte, at, with uint) []byte {
	var v any
	if with%uint(len(nasty)) == 0 || json.Unmarshal(body, &v) != nil {
		return body
	}
	places := []func(any){func(of any) { v = of }}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for i := range v {
				places = append(places, func(of any) { v[i] = of })
				walk(v[i])
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				places = append(places, func(of any) { v[name] = of })
				walk(v[name])
			}
		}
	}
	walk(v)
	places[at%uint(len(places))](nasty[with%uint(len(nasty))])
	raw, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return raw
}

// reopened returns a store that has what is in a file.
func reopened(t *testing.T, whole []byte) *store.Store {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return openStore(t, path)
}

// wireBody is an input as it goes over the wire, without what is not set; nothing for one that has
// no JSON of its own, such as NaN.
func wireBody(f *testing.F, in any) []byte {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		f.Fatal(err)
	}
	if raw, err = json.Marshal(lowered(v)); err != nil {
		f.Fatal(err)
	}
	return raw
}

// lowered gives members the names that they have on the wire, and leaves empty ones out.
func lowered(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = lowered(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for name, of := range v {
			if of != nil && of != "" && of != false {
				out[strings.ToLower(name[:1])+name[1:]] = lowered(of)
			}
		}
		return out
	}
	return v
}
