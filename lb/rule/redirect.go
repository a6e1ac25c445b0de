package rule

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Redirect is a redirect action. Each part may hold the keywords #{protocol}, #{host}, #{port},
// #{path} (without its leading slash) and #{query}.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
type Redirect struct {
	Code                              int // 301 or 302
	Protocol, Host, Port, Path, Query string
}

// Location is where a redirect sends a client.
type Location struct {
	Protocol string // http or https
	Host     string
	Port     string
	Path     string // with the leading slash
	Query    string // without the question mark
}

func redirect(c types.RedirectActionConfig) *Redirect {
	code := 302
	if c.StatusCode == types.RedirectActionStatusCodeEnumHttp301 {
		code = 301
	}
	return &Redirect{Code: code, Protocol: or(c.Protocol, "#{protocol}"), Host: or(c.Host, "#{host}"),
		Port: or(c.Port, "#{port}"), Path: or(c.Path, "/#{path}"), Query: or(c.Query, "#{query}")}
}

// To returns where r sends the client that made q. Keywords are replaced once: what comes from
// the request is never read as a keyword.
func (r Redirect) To(q Request) Location {
	words := strings.NewReplacer("#{protocol}", q.Protocol, "#{host}", q.Host, "#{port}", strconv.Itoa(q.Port),
		"#{path}", strings.TrimPrefix(q.Path, "/"), "#{query}", q.Query)
	l := Location{Protocol: strings.ToLower(words.Replace(r.Protocol)), Host: words.Replace(r.Host),
		Port: words.Replace(r.Port), Path: words.Replace(r.Path), Query: words.Replace(r.Query)}
	if !strings.HasPrefix(l.Path, "/") {
		l.Path = "/" + l.Path
	}
	return l
}

// String returns the URL, always with its port, as the load balancer writes it into Location.
func (l Location) String() string {
	u := l.Protocol + "://" + l.Host + ":" + l.Port + l.Path
	if l.Query != "" {
		u += "?" + l.Query
	}
	return u
}

func fixed(c types.FixedResponseActionConfig) (*Fixed, error) {
	code, err := strconv.Atoi(or(c.StatusCode, ""))
	if err != nil || code < 200 || code > 599 {
		return nil, fmt.Errorf("fixed response: status code %q", or(c.StatusCode, ""))
	}
	f := &Fixed{Code: code, ContentType: or(c.ContentType, ""), Body: or(c.MessageBody, "")}
	if f.ContentType == "" && f.Body != "" {
		f.ContentType = "text/plain; charset=utf-8"
	}
	return f, nil
}

func or(p *string, otherwise string) string {
	if p == nil {
		return otherwise
	}
	return *p
}
