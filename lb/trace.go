package lb

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"
)

// maxTraced is the size of the request's X-Amzn-Trace-Id above which it is written anew.
const maxTraced = 7 << 10

// traceID is what X-Amzn-Trace-Id becomes on its way through: without a Root it gets one, with a
// Root it gets a Self before everything else (instead of an older Self). Fields that applications
// added stay.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func traceID(header, stamp string) string {
	if header == "" || len(header) > maxTraced {
		return "Root=" + stamp
	}
	var rest []string
	root := false
	for f := range strings.SplitSeq(header, ";") {
		f = strings.TrimSpace(f)
		if f == "" || strings.HasPrefix(f, "Self=") {
			continue
		}
		root = root || strings.HasPrefix(f, "Root=")
		rest = append(rest, f)
	}
	name := "Self="
	if !root {
		name = "Root="
	}
	return strings.Join(append([]string{name + stamp}, rest...), ";")
}

// stamp returns version, time and id of a trace field: 1-, 8 hex digits of seconds, 24 random ones.
func stamp(now time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint32(raw[:], uint32(now.Unix()))
	binary.BigEndian.PutUint32(raw[4:], rand.Uint32())
	binary.BigEndian.PutUint64(raw[8:], rand.Uint64())
	var s [35]byte
	s[0], s[1], s[10] = '1', '-', '-'
	hex.Encode(s[2:10], raw[:4])
	hex.Encode(s[11:], raw[4:])
	return string(s[:])
}
