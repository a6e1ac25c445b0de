package lb

import (
	"net/netip"
	"strings"
)

// hostName is the name in a Host header or SNI: in lower case, without port and closing dot. What
// is no name and no address becomes "", which is nobody's.
func hostName(s string) string {
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return ""
		}
		if _, err := netip.ParseAddr(s[1:end]); err != nil {
			return ""
		}
		return strings.ToLower(s[:end+1])
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s = s[:i]
	}
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if !isName(s) {
		return ""
	}
	return s
}

// isName reports whether s may be a DNS name or an IPv4 address, in lower case.
func isName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// bareHost is a Host header without its port, otherwise as it was sent.
func bareHost(s string) string {
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		return s[:i]
	}
	return s
}
