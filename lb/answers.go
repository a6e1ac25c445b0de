package lb

import (
	"net/http"
	"strconv"
)

// The load balancer's own answers, with the codes of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
const (
	codeClientLeft = 460 // the client closed the connection; nobody reads it, metrics count it
	codeTooManyFor = 463 // X-Forwarded-For names more than 30 addresses
)

// titles are the words of the load balancer where they differ from net/http's.
var titles = map[int]string{
	http.StatusServiceUnavailable: "Service Temporarily Unavailable",
	http.StatusGatewayTimeout:     "Gateway Time-out",
	codeTooManyFor:                "Bad Request",
	http.StatusMethodNotAllowed:   "Not Allowed",
}

// serverName is the Server header of answers that the load balancer makes itself.
const serverName = "awselb/2.0"

// page answers with the load balancer's little page for code.
func page(w http.ResponseWriter, r *http.Request, l *listener, code int) {
	title := titles[code]
	if title == "" {
		title = http.StatusText(code)
	}
	title = strconv.Itoa(code) + " " + title
	own(w, r, l, code, "text/html", "<html>\r\n<head><title>"+title+"</title></head>\r\n<body>\r\n<center><h1>"+title+"</h1></center>\r\n</body>\r\n</html>\r\n")
}

// own answers without a target.
func own(w http.ResponseWriter, r *http.Request, l *listener, code int, contentType, body string) {
	h := w.Header()
	if l == nil || l.row.ServerHeader() {
		h.Set("Server", serverName)
	}
	if contentType == "" {
		h["Content-Type"] = nil // so that nothing is guessed
	} else {
		h.Set("Content-Type", contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // a client that left hears nothing
	}
}
