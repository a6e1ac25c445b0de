package model

import (
	"regexp"
	"strings"
)

// Tag is one key and value that a client put on a resource.
type Tag struct{ Key, Value string }

// Tags are the tags of one resource, in the order given.
type Tags []Tag

// MaxTags is how many tags a resource can have, besides those of AWS.
const MaxTags = 50

// tagCharacters are those that keys and values may have.
var tagCharacters = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)

// SystemTag reports whether only AWS may write tags of this key, or value; they count towards no limit.
func SystemTag(s string) bool { return strings.HasPrefix(strings.ToLower(s), "aws:") }

// Problem says, as ECS does, why a client cannot put t; empty when it can.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
func (t Tag) Problem() string {
	switch {
	case t.Key == "":
		return "Tag key cannot be empty."
	case len([]rune(t.Key)) > 128:
		return "Tag key can have at most 128 characters."
	case len([]rune(t.Value)) > 256:
		return "Tag value can have at most 256 characters."
	case !tagCharacters.MatchString(t.Key + t.Value):
		return "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @."
	case SystemTag(t.Key):
		return "Tag keys that begin with aws: are reserved."
	case SystemTag(t.Value):
		return "Tag values that begin with aws: are reserved."
	}
	return ""
}
