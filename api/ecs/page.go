package ecs

import (
	"encoding/base64"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// page is where one List call begins and how much it may answer.
type page struct {
	kind  string // the operation, so that a token of another one is refused
	after string // key of the last row already answered; empty at the beginning
	max   int
	most  int // that a client may ask for
}

// newPage reads maxResults (1 to 100, else standard) and nextToken.
func newPage(kind string, token *string, limit *int32, standard int) (page, error) {
	return newPageOf(kind, token, limit, page{max: standard, most: 100})
}

// newPageOf is newPage for operations whose maxResults has another bound than 100; bounds has the
// standard and the bound.
func newPageOf(kind string, token *string, limit *int32, bounds page) (page, error) {
	p := bounds
	p.kind = kind
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
	of, after, ok := strings.Cut(string(raw), "\n")
	if err != nil || !ok || of != kind || after == "" {
		return p, invalid("Invalid nextToken.")
	}
	p.after = after
	return p, nil
}

// token is what the client hands back to continue after key.
func (p page) token(key string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.kind + "\n" + key)))
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
