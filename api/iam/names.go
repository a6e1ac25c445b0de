package iam

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// name checks the name of an entity: letters, digits and +=,.@_-, up to most of them.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func name(p *string, member string, most int) (string, error) {
	s, err := required(p, member)
	switch {
	case err != nil:
		return "", err
	case len(s) > most:
		return "", constraint(s, member, "have length less than or equal to "+strconv.Itoa(most))
	case strings.IndexFunc(s, notInName) >= 0:
		return "", invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", member)
	}
	return s, nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+=,.@_-", r)
}

// path reads the path of a new entity; without one it is a slash.
func path(p *string) (string, error) {
	s := str(p)
	if s == "" {
		return "/", nil
	}
	if len(s) > 512 {
		return "", constraint(s, "path", "have length less than or equal to 512")
	}
	odd := func(r rune) bool { return r < '!' || r > '\x7f' }
	if s[0] != '/' || s[len(s)-1] != '/' || strings.Contains(s, "//") || strings.IndexFunc(s, odd) >= 0 {
		return "", invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return s, nil
}

// pathPrefix reads the filter of a list; without one it is a slash, which every path begins with.
func pathPrefix(p *string) (string, error) {
	s := str(p)
	if s == "" {
		return "/", nil
	}
	if s[0] != '/' || len(s) > 512 {
		return "", invalid("The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.")
	}
	return s, nil
}

// description checks a text of up to 1000 characters.
func description(p *string) (string, error) {
	if s := str(p); utf8.RuneCountInString(s) > 1000 {
		return "", constraint(s, "description", "have length less than or equal to 1000")
	}
	return str(p), nil
}

// sessionTime reads the maximum session duration of a role, an hour where none is given.
func sessionTime(p *int32) (time.Duration, error) {
	switch {
	case p == nil:
		return time.Hour, nil
	case *p < 3600:
		return 0, constraint(strconv.Itoa(int(*p)), "maxSessionDuration", "have value greater than or equal to 3600")
	case *p > 43200:
		return 0, constraint(strconv.Itoa(int(*p)), "maxSessionDuration", "have value less than or equal to 43200")
	}
	return time.Duration(*p) * time.Second, nil
}

// maxTags is how many tags an entity may have.
const maxTags = 50

// withTags returns have with the tags of a request. Keys are one where they differ in case only.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func withTags(have model.Tags, in []types.Tag) (model.Tags, error) {
	out := slices.Clone(have)
	var seen []string
	for _, t := range in {
		k, v := str(t.Key), str(t.Value)
		if err := tag(k, v); err != nil {
			return nil, err
		}
		if slices.Contains(seen, strings.ToLower(k)) {
			return nil, badInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen = append(seen, strings.ToLower(k))
		if i := slices.IndexFunc(out, func(o model.Tag) bool { return strings.EqualFold(o.Key, k) }); i >= 0 {
			out[i] = model.Tag{Key: k, Value: v}
		} else {
			out = append(out, model.Tag{Key: k, Value: v})
		}
	}
	if len(out) > maxTags {
		return nil, &types.LimitExceededException{Message: say("The number of tags has reached the maximum limit.")}
	}
	return out, nil
}

func tag(k, v string) error {
	odd := func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
	}
	switch n := utf8.RuneCountInString(k); {
	case n == 0:
		return constraint(k, "tags.1.member.key", "have length greater than or equal to 1")
	case n > 128:
		return constraint(k, "tags.1.member.key", "have length less than or equal to 128")
	case strings.IndexFunc(k, odd) >= 0:
		return constraint(k, "tags.1.member.key", `satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
	case strings.HasPrefix(strings.ToLower(k), "aws:"):
		return badInput("Tag keys starting with \"aws:\" are reserved for system use.")
	case utf8.RuneCountInString(v) > 256:
		return constraint(v, "tags.1.member.value", "have length less than or equal to 256")
	case strings.IndexFunc(v, odd) >= 0:
		return constraint(v, "tags.1.member.value", `satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
	}
	return nil
}

// withoutTags returns have without the keys.
func withoutTags(have model.Tags, keys []string) model.Tags {
	return slices.DeleteFunc(slices.Clone(have), func(t model.Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, t.Key) })
	})
}
