package lb

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxForwardedFor is how many addresses a request may bring in X-Forwarded-For.
const maxForwardedFor = 30

// hops are header fields of one connection only; they are never passed on.
var hops = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// copyHeader copies what may be passed on: neither hop-by-hop fields nor those that Connection names.
func copyHeader(to, from http.Header) {
	named := from["Connection"]
	for k, vs := range from {
		if !hops[k] {
			to[k] = vs
		}
	}
	for _, line := range named {
		for f := range strings.SplitSeq(line, ",") {
			if f = strings.TrimSpace(f); f != "" {
				delete(to, http.CanonicalHeaderKey(f))
			}
		}
	}
}

// upgradeOf returns the protocol that a message asks to change to; "" if none.
func upgradeOf(h http.Header) string {
	if len(h["Upgrade"]) == 0 {
		return ""
	}
	for _, line := range h["Connection"] {
		for f := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(f), "upgrade") {
				return h.Get("Upgrade")
			}
		}
	}
	return ""
}

// backHeader is what a target gets of the header of r.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func backHeader(r *http.Request, l *listener) http.Header {
	h := make(http.Header, len(r.Header)+5)
	copyHeader(h, r.Header)
	if p := upgradeOf(r.Header); p != "" {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{p}
	}
	for _, te := range r.Header["Te"] {
		if strings.Contains(strings.ToLower(te), "trailers") {
			h["Te"] = []string{"trailers"} // so that gRPC and others know that trailers come through
		}
	}
	if l.lb.DropInvalidHeaders() {
		dropInvalid(h)
	}
	forwardedFor(h, r, l)
	h["X-Forwarded-Proto"] = []string{l.scheme()}
	h["X-Forwarded-Port"] = []string{strconv.Itoa(l.row.Port)}
	h["X-Amzn-Trace-Id"] = []string{traceID(r.Header.Get("X-Amzn-Trace-Id"), stamp(time.Now()))}
	if l.lb.TLSHeaders() && r.TLS != nil {
		h["X-Amzn-Tls-Version"] = []string{strings.Replace(tls.VersionName(r.TLS.Version), "TLS ", "TLSv", 1)}
		h["X-Amzn-Tls-Cipher-Suite"] = []string{openSSLName(r.TLS.CipherSuite)}
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = nil // so that net/http adds none
	}
	return h
}

// forwardedFor adds the client's address to X-Forwarded-For, or leaves or removes the field, as the
// load balancer's attribute says.
func forwardedFor(h http.Header, r *http.Request, l *listener) {
	switch l.lb.ForwardedFor() {
	case "preserve":
		return
	case "remove":
		delete(h, "X-Forwarded-For")
		return
	}
	client, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	} else if l.lb.ClientPort() {
		client = net.JoinHostPort(client, port)
	}
	if before := h["X-Forwarded-For"]; len(before) > 0 {
		client = strings.Join(before, ", ") + ", " + client
	}
	h["X-Forwarded-For"] = []string{client}
}

// tooManyFor reports whether X-Forwarded-For names more addresses than a load balancer takes.
func tooManyFor(h http.Header) bool {
	n := 0
	for _, line := range h["X-Forwarded-For"] {
		n += strings.Count(line, ",") + 1
	}
	return n > maxForwardedFor
}

// dropInvalid removes fields whose names have other characters than letters, digits and hyphens.
func dropInvalid(h http.Header) {
	for k := range h {
		if strings.ContainsFunc(k, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-')
		}) {
			delete(h, k)
		}
	}
}

// backHost is the Host that a target gets. Unless preserve_host_header is set, a load balancer adds
// its listener's port to a Host that has none, but for the protocol's own port.
//
// Source: https://repost.aws/questions/QUbdKVqaj4TKSZJdPWPZG1Ow
func backHost(host string, l *listener) string {
	own := 80
	if l.secure {
		own = 443
	}
	if l.row.Port == own || l.lb.PreserveHost() || host == "" || strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']') {
		return host
	}
	return host + ":" + strconv.Itoa(l.row.Port)
}

// openSSLName is the name of a cipher suite as OpenSSL has it, which is how the load balancer
// tells it to targets.
func openSSLName(id uint16) string {
	name := tls.CipherSuiteName(id)
	before, after, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if !ok {
		return name // TLS 1.3: the same in both
	}
	if strings.HasPrefix(after, "CHACHA20") {
		after = strings.TrimSuffix(after, "_SHA256")
	}
	after = strings.NewReplacer("AES_128_CBC", "AES128", "AES_256_CBC", "AES256", "AES_", "AES").Replace(after)
	if before == "RSA" {
		before = ""
	} else {
		before += "-"
	}
	return strings.ReplaceAll(before+after, "_", "-")
}
