package identity

import (
	"github.com/drydock-ecs/drydock/internal/policy"

	lru "github.com/hashicorp/golang-lru/v2"
)

// text is a document as it stands in a row, and what it is used as.
type text struct {
	kind     policy.Kind
	document string
}

// parsed are the documents read last: reading one takes longer than deciding by it. What was read of a
// text never changes, so nothing here is ever out of date.
var parsed = newParsed(2048)

func newParsed(most int) *lru.Cache[text, *policy.Document] {
	c, err := lru.New[text, *policy.Document](most)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return c
}

// parse is policy.Parse.
func parse(kind policy.Kind, document string) (*policy.Document, error) {
	t := text{kind, document}
	if d, ok := parsed.Get(t); ok {
		return d, nil
	}
	d, err := policy.Parse(kind, document)
	if err == nil {
		parsed.Add(t, d)
	}
	return d, err
}
