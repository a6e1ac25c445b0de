package sigv4

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Read finds the signature of a request: in the Authorization header or, of a presigned one, in the
// query. It returns nil where there is none.
func Read(r Request) (*Signature, error) {
	auth := r.Header["Authorization"]
	inQuery := strings.Contains(r.Query, "X-Amz-Signature=") || strings.Contains(r.Query, "X-Amz-Algorithm=")
	switch {
	case len(auth) > 1 || len(auth) == 1 && inQuery:
		return nil, incomplete("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified.")
	case len(auth) == 1:
		return readHeader(r, auth[0])
	case inQuery:
		return readQuery(r)
	}
	return nil, nil
}

// readHeader reads an Authorization header: the algorithm, then Credential, SignedHeaders and Signature
// in any order, divided by commas.
func readHeader(r Request, header string) (*Signature, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if name != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '" + clip(name) + "'.")
	}
	s := &Signature{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || v == "" {
			return nil, incomplete("Authorization header requires 'key=value' pairs, divided by commas.")
		}
		if !s.take(k, v) {
			return nil, incomplete("Authorization header has a '" + clip(k) + "' parameter that is unknown, given twice or not well formed.")
		}
	}
	missing := ""
	for _, need := range [...]struct {
		name string
		ok   bool
	}{{"Credential", s.Key != ""}, {"Signature", s.value != ""}, {"SignedHeaders", s.signed != nil}} {
		if !need.ok {
			missing += "Authorization header requires '" + need.name + "' parameter. "
		}
	}
	if missing != "" {
		return nil, incomplete(strings.TrimSpace(missing))
	}
	s.Token = one(r.Header["X-Amz-Security-Token"])
	return s, s.dated(r)
}

// take notes one part of a signature. It reports whether it is known, new and well formed.
func (s *Signature) take(k, v string) bool {
	switch k {
	case "Credential":
		return s.Key == "" && s.scope(v)
	case "SignedHeaders":
		if s.signed != nil {
			return false
		}
		s.signed = strings.Split(v, ";")
		return slices.IsSorted(s.signed) && len(slices.Compact(slices.Clone(s.signed))) == len(s.signed) &&
			!slices.ContainsFunc(s.signed, func(n string) bool { return n == "" || n != strings.ToLower(n) })
	case "Signature":
		if s.value != "" {
			return false
		}
		s.value = v
		return true
	}
	return false
}

// scope reads key/date/region/service/aws4_request. The id of a key may hold slashes.
func (s *Signature) scope(v string) bool {
	p := strings.Split(v, "/")
	n := len(p)
	if n < 5 || p[n-1] != terminal {
		return false
	}
	s.Key, s.date, s.Region, s.Service = strings.Join(p[:n-4], "/"), p[n-4], p[n-3], p[n-2]
	return s.Key != "" && s.Region != "" && s.Service != "" && len(s.date) == 8
}

// dated finds when the request was made: X-Amz-Date, else Date.
func (s *Signature) dated(r Request) (err error) {
	if all := r.Header["X-Amz-Date"]; len(all) > 0 {
		s.stamp = one(all)
		if s.At, err = time.Parse(basic, s.stamp); err != nil {
			return incomplete("Date must be in ISO-8601 'basic format'. Got '" + clip(s.stamp) + "'. See http://en.wikipedia.org/wiki/ISO_8601")
		}
		return nil
	}
	date := one(r.Header["Date"])
	if date == "" {
		return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if !s.covers("date") {
		return incomplete("'Date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for _, form := range [...]string{time.RFC1123, basic} {
		if s.At, err = time.Parse(form, date); err == nil {
			s.At = s.At.UTC()
			s.stamp = s.At.Format(basic)
			return nil
		}
	}
	return incomplete("The 'Date' header is not a date: '" + clip(date) + "'.")
}

// readQuery reads the parameters of a presigned request.
//
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func readQuery(r Request) (*Signature, error) {
	s := &Signature{presigned: true}
	got := map[string]string{}
	for _, p := range parameters(r.Query) {
		if !strings.HasPrefix(p.name, "X-Amz-") {
			continue
		}
		if _, twice := got[p.name]; twice {
			return nil, incomplete("The query parameter '" + clip(p.name) + "' is given more than once.")
		}
		got[p.name] = p.value
	}
	for _, name := range [...]string{"Algorithm", "Credential", "Date", "SignedHeaders", "Signature"} {
		if got["X-Amz-"+name] == "" {
			return nil, incomplete("AWS query-string parameters must include 'X-Amz-" + name + "'.")
		}
	}
	if a := got["X-Amz-Algorithm"]; a != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '" + clip(a) + "'.")
	}
	for _, name := range [...]string{"Credential", "SignedHeaders", "Signature"} {
		if !s.take(name, got["X-Amz-"+name]) {
			return nil, incomplete("The query parameter 'X-Amz-" + name + "' is not well formed.")
		}
	}
	var err error
	s.Token, s.stamp = got["X-Amz-Security-Token"], got["X-Amz-Date"]
	if s.At, err = time.Parse(basic, s.stamp); err != nil {
		return nil, incomplete("Date must be in ISO-8601 'basic format'. Got '" + clip(s.stamp) + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	s.Expires, err = expiry(got["X-Amz-Expires"])
	return s, err
}

// expiry reads X-Amz-Expires; clients of most services send none, and then the usual skew counts.
func expiry(v string) (time.Duration, error) {
	if v == "" {
		return Skew, nil
	}
	n, err := strconv.ParseUint(v, 10, 32)
	d := time.Duration(n) * time.Second
	if err != nil || d == 0 || d > longest {
		return 0, incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.")
	}
	return d, nil
}

// one is the value of a header that may be given once.
func one(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return strings.TrimSpace(values[0])
}

// clip shortens what a client sent for a message about it.
func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
