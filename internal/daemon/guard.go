package daemon

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// guard keeps browsers from driving the API. It refuses, before anything of the body is read, a
// request whose Host is neither a loopback name or address, a name under .localhost, nor one of
// allowed (DNS rebinding; see liveTail for what may stand before those), and a request that a page of another origin made (drive-by posts and
// image GETs): Origin must be the very host and port that is asked, and Sec-Fetch-Site, where a
// browser sends it, must not say that another site asks.
func guard(allowed []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !hostAllowed(r.Host, allowed) && !(liveTail(r) && hostAllowed(unprefixed(r.Host), allowed)):
			refuse(w, "the Host header "+quote(r.Host)+" is not a loopback name; to serve it, start the daemon with --allow-host")
		case foreignOrigin(r):
			refuse(w, "a page of another origin may not call this API")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, why string) {
	http.Error(w, "Drydock refused this request: "+why+".", http.StatusForbidden)
}

// quote shortens and escapes what a client sent, for an error text.
func quote(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return `"` + strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '<' || r == '>' {
			return '?'
		}
		return r
	}, s) + `"`
}

// hostAllowed reports whether a Host header names this machine.
func hostAllowed(host string, allowed []string) bool {
	name := hostname(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil && ip.Unmap().IsLoopback() {
		return true
	}
	return slices.ContainsFunc(allowed, func(a string) bool { return hostname(a) == name })
}

// liveTail reports whether r is a call of StartLiveTail by an SDK. Those put stream- or, those of before
// April 2026, streaming- before the name of their endpoint. Such names are not as safe as localhost itself,
// which no resolver gives another address, so they are good for nothing else, nor for a page of a
// browser: that sends an Origin with each POST.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
func liveTail(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("X-Amz-Target") == "Logs_20140328.StartLiveTail" && len(r.Header.Values("Origin")) == 0
}

// unprefixed is a Host header without what SDKs put before it for StartLiveTail.
func unprefixed(host string) string {
	for _, p := range []string{"stream-", "streaming-"} {
		if len(host) > len(p) && strings.EqualFold(host[:len(p)], p) {
			return host[len(p):]
		}
	}
	return host
}

// hostname is a Host header in lower case, without its port and closing dot.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// foreignOrigin reports whether a browser says that another site made the request.
func foreignOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false
	}
	u, err := url.Parse(origins[0])
	return len(origins) > 1 || err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}
