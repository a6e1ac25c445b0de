package ecs

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"iter"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// page is where one List call begins and how much it may answer.
type page struct {
	kind  string // the operation and its filters, so that a token of another listing is refused
	after string // key of the last row already answered; empty at the beginning
	max   int
	most  int // that a client may ask for
}

// newPage reads maxResults (1 to 100, else standard) and nextToken. of is the call's input, or the
// name of an operation that has no filters: a token goes on with the very listing it was given for.
func newPage(of any, token *string, limit *int32, standard int) (page, error) {
	return newPageOf(of, token, limit, page{max: standard, most: 100})
}

// newPageOf is newPage for operations whose maxResults has another bound than 100; bounds has the
// standard and the bound.
func newPageOf(of any, token *string, limit *int32, bounds page) (page, error) {
	p := bounds
	p.kind = kindOf(of)
	if limit != nil {
		if *limit < 1 || int(*limit) > p.most {
			return p, invalid("maxResults must be between 1 and %d.", p.most)
		}
		p.max = int(*limit)
	}
	if aws.ToString(token) == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	sum, after, ok := strings.Cut(string(raw), "\n")
	if err != nil || !ok || sum != p.sum(after) || after == "" {
		return p, invalid("Invalid nextToken.")
	}
	p.after = after
	return p, nil
}

// kindOf names the listing that an input asks for: all that it says but for the page.
func kindOf(of any) string {
	if name, ok := of.(string); ok {
		return name
	}
	v := reflect.New(reflect.TypeOf(of).Elem()).Elem()
	v.Set(reflect.ValueOf(of).Elem())
	v.FieldByName("NextToken").SetZero()
	v.FieldByName("MaxResults").SetZero()
	raw, _ := json.Marshal(v.Interface()) // of plain values
	return v.Type().Name() + " " + string(raw)
}

// sum stands in a token for the listing and the place in it.
func (p page) sum(after string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.kind + "\n" + after)) // never fails
	return strconv.FormatUint(h.Sum64(), 36)
}

// token is what the client hands back to continue after key.
func (p page) token(key string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.sum(key) + "\n" + key)))
}

// take answers one page of rows that come in key order after p.after; keep may leave rows out and
// show says what is answered for one.
func take[T interface{ Key() string }, A any](p page, rows iter.Seq[T], keep func(T) bool, show func(T) A) ([]A, *string) {
	out := []A{}
	last := ""
	for r := range rows {
		if !keep(r) {
			continue
		}
		if len(out) == p.max {
			return out, p.token(last)
		}
		out = append(out, show(r))
		last = r.Key()
	}
	return out, nil
}

func all[T any](T) bool { return true }
