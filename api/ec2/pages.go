package ec2

import (
	"encoding/base64"
)

// paging is MaxResults and NextToken of one request.
type paging struct {
	max   *int32
	token *string
	least int32 // MaxResults may not be less,
	most  int32 // nor more
	all   int   // results in a page when MaxResults is not given; 0 means all of them
}

// page returns the part of all, sorted by key, that was asked for, and the token of the next.
func page[T any](all []T, key func(T) string, p paging) ([]T, *string, error) {
	if p.max != nil && (*p.max < p.least || *p.max > p.most) {
		return nil, nil, fail("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.", *p.max, p.least, p.most)
	}
	if token := str(p.token); token != "" {
		after, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(after) == 0 {
			return nil, nil, fail("InvalidPaginationToken", "The specified pagination token is not valid.")
		}
		for len(all) > 0 && key(all[0]) <= string(after) {
			all = all[1:]
		}
	}
	n := p.all
	if p.max != nil {
		n = int(*p.max)
	}
	if n == 0 || len(all) <= n {
		return all, nil, nil
	}
	return all[:n], ptr(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}
