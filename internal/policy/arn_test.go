package policy

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

// FuzzARN: an ARN matches itself, and with any of its parts left open.
func FuzzARN(f *testing.F) {
	f.Add("arn:aws:ecs:us-east-1:111122223333:cluster/web")
	f.Add("arn:aws:s3:::bucket/key:with:colons")
	f.Add("arn:aws:iam::aws:policy/service-role/x")
	f.Add("arn::::::")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\x00\x01\x02*?$") {
			t.Skip()
		}
		parts, ok := splitARN(s)
		a, is := model.ParseARN(s)
		if is && (!ok || a.String() != s || parts != [6]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}) {
			t.Fatalf("%q: got %q and %+v", s, parts, a)
		}
		if !ok {
			return
		}
		for i := range 7 {
			open := parts
			if i < 6 {
				open[i] = "*"
			}
			p, good := newARNPattern(strings.Join(open[:], ":"), true)
			if !good {
				t.Fatalf("%q is no pattern", open)
			}
			if got, resolved := p.match(&parts, true, nil); !got || !resolved {
				t.Errorf("%q does not match %q", open, s)
			}
		}
	})
}
