package elbv2

import (
	"encoding/base64"
	"fmt"
	"iter"
)

// maxPage is the largest page, and the size of one that was not asked for.
const maxPage = 400

// page is one page of a describe call: rows after a marker, up to a size.
type page struct {
	after string
	size  int
}

// newPage reads the Marker and PageSize of a request.
func newPage(marker *string, size *int32) (page, error) {
	p := page{size: maxPage}
	if err := between(size, "pageSize", 1, maxPage); err != nil {
		return p, err
	}
	if size != nil {
		p.size = int(*size)
	}
	raw, err := base64.RawURLEncoding.DecodeString(str(marker))
	if err != nil {
		return p, invalid("Marker '%s' is not valid", str(marker))
	}
	p.after = string(raw)
	return p, nil
}

// take returns the rows of one page and the marker of the next, nil on the last. rows are in the
// order of their keys.
func take[T interface{ Key() string }](p page, rows iter.Seq[T]) (some []T, next *string) {
	for r := range rows {
		if p.after != "" && r.Key() <= p.after {
			continue
		}
		if len(some) == p.size {
			return some, mark(some[len(some)-1].Key())
		}
		some = append(some, r)
	}
	return some, nil
}

// slice is take for a list that has no keys: the marker is a position.
func slice[T any](p page, all []T) (some []T, next *string) {
	from := 0
	if p.after != "" {
		if _, err := fmt.Sscanf(p.after, "#%d", &from); err != nil || from < 0 || from > len(all) {
			return nil, nil
		}
	}
	to := min(from+p.size, len(all))
	if to < len(all) {
		next = mark(fmt.Sprintf("#%d", to))
	}
	return all[from:to], next
}

func mark(key string) *string {
	m := base64.RawURLEncoding.EncodeToString([]byte(key))
	return &m
}
