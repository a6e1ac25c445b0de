package daemon

import (
	"net/http/httptest"
	"testing"
)

func TestWhatComesFromAnAddressBar(t *testing.T) {
	for _, c := range []struct {
		rule, target, accept, signed string
		want                         bool
	}{
		{"a browser is shown the picture", "/", "text/html,application/xhtml+xml", "", true},
		{"an AWS call in the query is none", "/?Action=DescribeVpcs", "text/html", "", false},
		{"curl is none", "/", "*/*", "", false},
		{"a signed request is none", "/", "text/html", "AWS4-HMAC-SHA256 …", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := httptest.NewRequest("GET", c.target, nil)
			r.Header.Set("Accept", c.accept)
			if c.signed != "" {
				r.Header.Set("Authorization", c.signed)
			}
			if got := fromAddressBar(r, nil); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
