package iam

import (
	"encoding/base64"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// list is one page of a list: the answer's part that all of them have.
type list[T any] struct {
	rows      []T
	truncated bool
	marker    *string
}

// paged returns one page of all, which are in the order of their keys: those after marker, up to max,
// 100 where no max is given.
func paged[T any](all []T, marker *string, max *int32, key func(T) string) (l list[T], err error) {
	size := 100
	if max != nil {
		size = int(*max)
		switch {
		case size < 1:
			return l, constraint(strconv.Itoa(size), "maxItems", "have value greater than or equal to 1")
		case size > 1000:
			return l, constraint(strconv.Itoa(size), "maxItems", "have value less than or equal to 1000")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(str(marker))
	if err != nil {
		return l, invalid("Invalid Marker.")
	}
	for i, row := range all {
		if len(after) > 0 && key(row) <= string(after) {
			continue
		}
		if len(l.rows) == size {
			m := base64.RawURLEncoding.EncodeToString([]byte(key(all[i-1])))
			l.truncated, l.marker = true, &m
			return l, nil
		}
		l.rows = append(l.rows, row)
	}
	if l.rows == nil {
		l.rows = []T{}
	}
	return l, nil
}

// pagedTags is paged for tags, which keep the order that they were given in.
func pagedTags(all model.Tags, marker *string, max *int32) (list[types.Tag], error) {
	type at struct {
		place int
		tag   types.Tag
	}
	rows := make([]at, len(all))
	for i, t := range all {
		rows[i] = at{i, types.Tag{Key: &t.Key, Value: &t.Value}}
	}
	p, err := paged(rows, marker, max, func(r at) string { return strconv.Itoa(1000 + r.place) })
	out := list[types.Tag]{rows: []types.Tag{}, truncated: p.truncated, marker: p.marker}
	for _, r := range p.rows {
		out.rows = append(out.rows, r.tag)
	}
	return out, err
}
