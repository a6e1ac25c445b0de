package sigv4

import (
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonical returns the canonical request: what client and server agree to sign.
func (s *Signature) canonical(r Request, hash string) []byte {
	b := make([]byte, 0, 1024)
	b = append(append(b, r.Method...), '\n')
	b = append(append(b, canonicalPath(r.Path)...), '\n')
	b = append(append(b, canonicalQuery(r.Query, s.presigned)...), '\n')
	for _, name := range s.signed {
		b = append(append(b, name...), ':')
		b = append(append(b, r.value(name)...), '\n')
	}
	b = append(append(b, '\n'), strings.Join(s.signed, ";")...)
	return append(append(b, '\n'), hash...)
}

// value returns a header as it is signed: its values trimmed, with single spaces, after commas.
func (r Request) value(name string) string {
	values := r.Header[textproto.CanonicalMIMEHeaderKey(name)]
	switch {
	case name == "host":
		return r.Host
	case name == "content-length" && len(values) == 0 && r.Length >= 0:
		return strconv.FormatInt(r.Length, 10)
	case len(values) == 1 && !strings.Contains(values[0], "  "):
		return strings.TrimSpace(values[0])
	}
	var out []string
	for _, v := range values {
		out = append(out, strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' }), " "))
	}
	return strings.Join(out, ",")
}

// canonicalPath takes dots and double slashes out of a path and escapes it once more: every service
// but S3 signs paths escaped twice.
func canonicalPath(path string) string {
	if path == "" || path == "/" {
		return "/"
	}
	var parts []string
	for p := range strings.SplitSeq(path, "/") {
		switch p {
		case "", ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, escape(p))
		}
	}
	out := "/" + strings.Join(parts, "/")
	if len(parts) > 0 && (strings.HasSuffix(path, "/") || strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")) {
		out += "/"
	}
	return out
}

type parameter struct{ name, value string }

// parameters reads a query. What is not escaped well is kept as it is.
func parameters(query string) (all []parameter) {
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		all = append(all, parameter{unescape(k), unescape(v)})
	}
	return all
}

func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// canonicalQuery escapes and sorts the parameters; a presigned request's own signature is none of them.
func canonicalQuery(query string, presigned bool) string {
	if query == "" {
		return ""
	}
	all := parameters(query)
	for i := range all {
		all[i] = parameter{escape(all[i].name), escape(all[i].value)}
	}
	slices.SortFunc(all, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for _, p := range all {
		if presigned && p.name == "X-Amz-Signature" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// escape percent-encodes all but the unreserved characters of RFC 3986.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
