package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var (
	epoch  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	issued = aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "s3cr3t/+", SessionToken: "tok/en=="}
)

// of is an HTTP request as a server sees it.
func of(r *http.Request, body string) Request {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: host, Length: int64(len(body)), Header: r.Header, Body: []byte(body)}
}

func post(body string) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, "http://127.0.0.1:4566/?b=2&a=1%20x&a=%2F&c", bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters")
	r.Header.Add("Spaces", "  many   spaces ")
	r.Header.Add("Spaces", "two")
	return r
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// bySDK has AWS's own signer sign a request to ECS, in the header or in the query.
func bySDK(t testing.TB, r *http.Request, body string, presign bool) *http.Request {
	t.Helper()
	signer := v4.NewSigner()
	if !presign {
		if err := signer.SignHTTP(context.Background(), issued, r, digest(body), "ecs", "us-east-1", epoch); err != nil {
			t.Fatal(err)
		}
		return r
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = q.Encode()
	url, header, err := signer.PresignHTTP(context.Background(), issued, r, digest(body), "ecs", "us-east-1", epoch)
	if err != nil {
		t.Fatal(err)
	}
	out, err := http.NewRequest(r.Method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Header = header
	return out
}

// check reads and verifies.
func check(r Request, secret string, now time.Time) error {
	s, err := Read(r)
	if err != nil {
		return err
	}
	if s == nil {
		return errors.New("no signature")
	}
	return s.Verify(r, "ecs", secret, now)
}

func TestTheSDKsSignaturesAreGood(t *testing.T) {
	for _, presign := range []bool{false, true} {
		const body = `{"maxResults":1}`
		r := of(bySDK(t, post(body), body, presign), body)
		s, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if s.Key != issued.AccessKeyID || s.Token != issued.SessionToken || s.Region != "us-east-1" || s.Service != "ecs" || !s.At.Equal(epoch) {
			t.Errorf("presigned %v: read %+v", presign, s)
		}
		if err := s.Verify(r, "ecs", issued.SecretAccessKey, epoch.Add(time.Second)); err != nil {
			t.Errorf("presigned %v: %v", presign, err)
		}
	}
}

// TestVectors holds signatures of AWS's own test suite for the protocol.
func TestVectors(t *testing.T) {
	for _, c := range []struct{ name, method, path, query, body, headers, signature string }{
		{"get-vanilla", "GET", "/", "", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"post-vanilla", "POST", "/", "", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", "", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"normalize-path/get-slashes", "GET", "//", "", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"normalize-path/get-relative", "GET", "/example/..", "", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	} {
		r := Request{Method: c.method, Path: c.path, Query: c.query, Host: "example.amazonaws.com", Length: -1, Body: []byte(c.body), Header: http.Header{
			"X-Amz-Date":    {"20150830T123600Z"},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + c.signature}}}
		s, err := Read(r)
		if err == nil {
			err = s.Verify(r, "service", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestNothingElseIsGood changes one thing of a good request at a time.
func TestNothingElseIsGood(t *testing.T) {
	const body = `{"maxResults":1}`
	set := func(name, value string) func(*Request) {
		return func(r *Request) { r.Header[name] = []string{value} }
	}
	auth := func(old, new string) func(*Request) {
		return func(r *Request) {
			r.Header["Authorization"] = []string{strings.Replace(r.Header["Authorization"][0], old, new, 1)}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Request)
		kind   Kind
		says   string
	}{
		{"another body", func(r *Request) { r.Body = []byte(`{"maxResults":2}`) }, Mismatch, "does not match"},
		{"no body", func(r *Request) { r.Body = nil }, Mismatch, "does not match"},
		{"another body with its hash", func(r *Request) {
			r.Body = []byte(`{}`)
			r.Header["X-Amz-Content-Sha256"] = []string{digest(`{}`)}
		}, Mismatch, "'x-amz-content-sha256' must be"},
		{"the payload called unsigned", set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), Mismatch, "'x-amz-content-sha256' must be"},
		{"another operation", set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DeleteCluster"), Mismatch, "does not match"},
		{"another time", set("X-Amz-Date", "20260301T120001Z"), Mismatch, "does not match"},
		{"another day", set("X-Amz-Date", "20260302T120000Z"), Mismatch, "Date in Credential scope"},
		{"another method", func(r *Request) { r.Method = "GET" }, Mismatch, "does not match"},
		{"another path", func(r *Request) { r.Path = "/x" }, Mismatch, "does not match"},
		{"another query", func(r *Request) { r.Query += "&d=1" }, Mismatch, "does not match"},
		{"another host", func(r *Request) { r.Host = "127.0.0.1:4567" }, Mismatch, "does not match"},
		{"a signed header less", func(r *Request) { delete(r.Header, "Spaces") }, Mismatch, "does not match"},
		{"another token", set("X-Amz-Security-Token", "other"), Mismatch, "does not match"},
		{"a header more that says something", set("X-Amz-Meta", "1"), Mismatch, "'x-amz-meta' must be"},
		{"the target not signed", auth(";x-amz-target", ""), Mismatch, "'x-amz-target' must be"},
		{"the host not signed", auth("host;", ""), Mismatch, "'Host' must be"},
		{"another region", auth("us-east-1", "us-east-2"), Mismatch, "does not match"},
		{"another service", auth("/ecs/", "/iam/"), Mismatch, "correct service: 'ecs'"},
		{"another key id is not what is signed with", auth("AKIAEXAMPLE", "AKIAOTHER"), -1, ""},
		{"no signature", auth(", Signature=", ", Signatur="), Incomplete, "unknown"},
		{"an empty signature", func(r *Request) {
			a, _, _ := strings.Cut(r.Header["Authorization"][0], "Signature=")
			r.Header["Authorization"] = []string{a + "Signature="}
		}, Incomplete, "key=value"},
		{"half a signature", func(r *Request) {
			r.Header["Authorization"] = []string{r.Header["Authorization"][0][:len(r.Header["Authorization"][0])-32]}
		}, Mismatch, "does not match"},
		{"two signatures", func(r *Request) {
			r.Header["Authorization"] = append(r.Header["Authorization"], r.Header["Authorization"][0])
		}, Incomplete, "Only one auth mechanism"},
		{"a signature in the query too", func(r *Request) { r.Query += "&X-Amz-Signature=00" }, Incomplete, "Only one auth mechanism"},
		{"SigV4A", auth("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), Incomplete, "Unsupported AWS 'algorithm'"},
		{"no date", func(r *Request) { delete(r.Header, "X-Amz-Date") }, Incomplete, "Date"},
		{"another form of date", set("X-Amz-Date", "2026-03-01T12:00:00Z"), Incomplete, "basic format"},
		{"a credential without a region", auth("/us-east-1", ""), Incomplete, "Credential"},
		{"headers out of order", auth("host;", "zhost;"), Incomplete, "SignedHeaders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signed := post(body)
			r := of(bySDK(t, signed, body, false), body)
			c.change(&r)
			wants(t, check(r, issued.SecretAccessKey, epoch), c.kind, c.says)
		})
	}
}

// wants compares an error's kind and words; kind -1 wants none: the key id alone is not signed, its
// secret is.
func wants(t *testing.T, err error, kind Kind, says string) {
	t.Helper()
	var e *Error
	switch {
	case kind < 0 && err == nil:
	case !errors.As(err, &e):
		t.Errorf("accepted or odd: %v", err)
	case e.Kind != kind || !strings.Contains(e.Message, says):
		t.Errorf("got %d %q, want %d %q", e.Kind, e.Message, kind, says)
	}
}

func TestSecretsAndTimes(t *testing.T) {
	const body = "{}"
	for _, c := range []struct {
		name    string
		presign bool
		secret  string
		after   time.Duration
		kind    Kind
		says    string
	}{
		{"a foreign secret", false, "other", 0, Mismatch, "does not match"},
		{"an empty secret", false, "", 0, Mismatch, "does not match"},
		{"15 minutes late", false, issued.SecretAccessKey, Skew, -1, ""},
		{"later", false, issued.SecretAccessKey, Skew + time.Second, Expired, "Signature expired: 20260301T120000Z is now earlier than 20260301T120001Z (20260301T121501Z - 15 min.)"},
		{"15 minutes early", false, issued.SecretAccessKey, -Skew, -1, ""},
		{"earlier", false, issued.SecretAccessKey, -Skew - time.Second, Expired, "Signature not yet current: 20260301T120000Z is still later than 20260301T115959Z (20260301T114459Z + 15 min.)"},
		{"presigned, within its minute", true, issued.SecretAccessKey, time.Minute, -1, ""},
		{"presigned, after its minute", true, issued.SecretAccessKey, time.Minute + time.Second, Expired, "Signature expired"},
		{"presigned, a foreign secret", true, "other", 0, Mismatch, "does not match"},
		{"wrong and expired is told as wrong", false, "other", time.Hour, Mismatch, "does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := of(bySDK(t, post(body), body, c.presign), body)
			wants(t, check(r, c.secret, epoch.Add(c.after)), c.kind, c.says)
		})
	}
}

func TestAPresignedRequestCannotBeLengthened(t *testing.T) {
	for _, change := range [][2]string{
		{"X-Amz-Expires=60", "X-Amz-Expires=604800"}, {"X-Amz-Expires=60", "X-Amz-Expires=604801"}, {"X-Amz-Expires=60", "X-Amz-Expires=0"},
		{"X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=600"}, {"X-Amz-Date=20260301", "X-Amz-Date=20260302"}, {"&X-Amz-Signature=", "&X-Amz-Signature=0"},
	} {
		r := of(bySDK(t, post("{}"), "{}", true), "{}")
		if !strings.Contains(r.Query, change[0]) {
			t.Fatalf("%q is not in %q", change[0], r.Query)
		}
		r.Query = strings.Replace(r.Query, change[0], change[1], 1)
		if check(r, issued.SecretAccessKey, epoch) == nil {
			t.Errorf("accepted with %s", change[1])
		}
	}
}

func TestNoSignatureIsNone(t *testing.T) {
	if s, err := Read(of(post("{}"), "{}")); s != nil || err != nil {
		t.Errorf("got %v, %v", s, err)
	}
}

// FuzzRead reads any header and query. What it reads is whole, and never good without the secret.
func FuzzRead(f *testing.F) {
	r := bySDK(f, post("{}"), "{}", false)
	f.Add(r.Header.Get("Authorization"), "", "20260301T120000Z")
	f.Add("", bySDK(f, post("{}"), "{}", true).URL.RawQuery, "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/20260301/r/s/aws4_request,Signature=0,SignedHeaders=host;x-amz-date", "a=%zz&b", "20260301T120000Z")
	f.Fuzz(func(t *testing.T, auth, query, date string) {
		r := Request{Method: "POST", Path: "/", Query: query, Host: "h", Header: http.Header{}}
		if auth != "" {
			r.Header["Authorization"] = []string{auth}
		}
		if date != "" {
			r.Header["X-Amz-Date"] = []string{date}
		}
		s, err := Read(r)
		var e *Error
		switch {
		case err != nil && !errors.As(err, &e):
			t.Fatalf("an error of another kind: %v", err)
		case err == nil && s != nil:
			if s.Key == "" || s.value == "" || len(s.signed) == 0 || len(s.stamp) < 8 {
				t.Fatalf("half read: %+v", s)
			}
			if s.Verify(r, s.Service, "a secret that nobody has", s.At) == nil {
				t.Fatal("accepted")
			}
		}
	})
}

// FuzzSigned has AWS's signer sign anything: it is good, and no longer so with one byte of it changed.
func FuzzSigned(f *testing.F) {
	f.Add("/", "a", "1 x", "  many   spaces ", "{}", uint16(0), byte(1), false)
	f.Add("/a%20b/c", "Action", "é+%2F", "x", "Action=ListUsers&Version=2010-05-08", uint16(3), byte(0x20), true)
	f.Fuzz(func(t *testing.T, path, name, value, header, body string, at uint16, flip byte, presign bool) {
		plain := func(c rune) bool { return c < ' ' || c == 0x7f }
		u, err := url.Parse("http://127.0.0.1:4566" + path)
		if err != nil || !strings.HasPrefix(path, "/") || u.Host != "127.0.0.1:4566" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(path, "?#") || strings.Contains(path, "//") ||
			strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") || strings.ContainsFunc(header, plain) || strings.HasPrefix(name, "X-Amz-") {
			t.Skip() // what a client does not send, and what the SDK's signer leaves to it to normalize
		}
		r := post(body)
		r.URL = u
		r.URL.RawQuery = url.Values{name: {value}}.Encode()
		r.Header.Set("X-Fuzzed", header)
		good := of(bySDK(t, r, body, presign), body)
		if err := check(good, issued.SecretAccessKey, epoch); err != nil {
			t.Fatalf("%q %q: %v", good.Path, good.Query, err)
		}
		if flip == 0 {
			return
		}
		changed := []byte(body)
		if len(changed) == 0 {
			changed = []byte{flip}
		} else {
			changed[int(at)%len(changed)] ^= flip
		}
		bad := good
		bad.Body = changed
		if check(bad, issued.SecretAccessKey, epoch) == nil {
			t.Error("another body is good")
		}
		bad = good
		bad.Path += "x"
		if check(bad, issued.SecretAccessKey, epoch) == nil {
			t.Error("another path is good")
		}
		bad = good
		bad.Query += "&x=1"
		if check(bad, issued.SecretAccessKey, epoch) == nil {
			t.Error("another query is good")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	const body = `{"cluster":"default","taskDefinition":"web:1"}`
	r := of(bySDK(b, post(body), body, false), body)
	b.ReportAllocs()
	for b.Loop() {
		if err := check(r, issued.SecretAccessKey, epoch); err != nil {
			b.Fatal(err)
		}
	}
}
