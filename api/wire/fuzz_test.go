package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
)

// FuzzJSON: what is read is written and read again as the same, what is refused is no document that
// encoding/json reads into the same type, and a refusal is always the client's.
func FuzzJSON(f *testing.F) {
	f.Add(document(f))
	for _, s := range []string{`{}`, ``, `{"family":null}`, `{"containerDefinitions":[{"dockerLabels":{"a":"\ud83d\udc33\ud83d"}}]}`, `{"x":[1.5e-7,[[]],"\u0000"]}`, `{"family":"\`} {
		f.Add([]byte(s))
	}
	c := newCodecs()
	f.Fuzz(func(t *testing.T, body []byte) {
		var in, again ecs.RegisterTaskDefinitionInput
		err := c.camelIn.read(body, &in)
		if err != nil {
			mustBeTyped(t, badInput(&Service{}, err))
			return
		}
		if len(bytes.TrimSpace(body)) > 0 && !json.Valid(body) {
			t.Fatalf("%q is not JSON", body)
		}
		out, err := c.camelOut.write(nil, &in)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(out) {
			t.Fatalf("wrote %q", out)
		}
		if err := c.camelIn.read(out, &again); err != nil {
			t.Fatal(err)
		}
		// Absent and empty enums are the same, so compare what both write.
		if second, _ := c.camelOut.write(nil, &again); !bytes.Equal(out, second) {
			t.Fatalf("%s became %s", out, second)
		}
	})
}

func mustBeTyped(t *testing.T, err error) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() == "" || e.ErrorMessage() == "" || status(e) < 400 || status(e) >= 500 {
		t.Fatalf("%v is no client's error", err)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"Action=A&Port=80&DefaultActions.member.1.Type=forward", "Tags.member.1.Key=%C3%9C+x&Tags=", "Certificates.member.01.CertificateArn=x",
		"DefaultActions.member.1.ForwardConfig.TargetGroups.member.3.Weight=-1", "a.b.c=&&=&.=."} {
		f.Add(s)
	}
	c := newCodecs()
	f.Fuzz(func(t *testing.T, body string) {
		var in elb.CreateListenerInput
		params, err := form(nil).parse(body)
		if err == nil {
			err = c.queryIn.read(params, &in)
		}
		if err != nil {
			mustBeTyped(t, badInput(&Service{Protocol: Query}, err))
			return
		}
		mustWriteXML(t, c.queryOut, &in)
	})
}

// mustWriteXML writes out and checks that a strict parser reads it.
func mustWriteXML(t *testing.T, x *xmlWriter, out any) {
	t.Helper()
	b, err := x.write([]byte("<r>"), out)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(append(b, "</r>"...))); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("wrote %q: %v", b, err)
		}
	}
}

// ec2Sample has one member of each kind.
type ec2Sample struct {
	Filters []struct {
		Name   *string
		Values []string `wire:"Value"`
	} `wire:"Filter"`
	Max    *int32 `wire:"MaxResults"`
	Rate   float64
	DryRun *bool
	Data   []byte
	Nested *struct{ Deep *struct{ Value string } }
	Labels map[string]string
}

func FuzzEC2Query(f *testing.F) {
	for _, s := range []string{"Filter.1.Name=a&Filter.1.Value.1=b&Filter.1.Value.2=%26", "MaxResults=2147483648", "Rate=NaN&DryRun=TRUE&Data=AAE%3D",
		"Nested.Deep.Value=%EF%BF%BF", "Labels.entry.1.key=a&Labels.entry.1.value=b"} {
		f.Add(s)
	}
	c := newCodecs()
	f.Fuzz(func(t *testing.T, body string) {
		var in ec2Sample
		params, err := form(nil).parse(body)
		if err == nil {
			err = c.ec2In.read(params, &in)
		}
		if err != nil {
			mustBeTyped(t, badInput(&Service{Protocol: EC2Query}, err))
			return
		}
		mustWriteXML(t, c.ec2Out, &in)
	})
}

// FuzzRequest: whatever is sent, the answer is a success or a client's error, well formed in its
// protocol, and the same in header and body.
func FuzzRequest(f *testing.F) {
	const signed = "AWS4-HMAC-SHA256 Credential=A/1/us-east-1/ecs/aws4_request, x"
	f.Add("POST", "/", "application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.A", signed, []byte(`{"family":"a"}`))
	f.Add("POST", "/", "application/x-www-form-urlencoded", "", strings.Replace(signed, "ecs", "elasticloadbalancing", 1), []byte("Action=A&Version=2015-12-01&Port=1"))
	f.Add("POST", "/", "application/x-www-form-urlencoded", "", strings.Replace(signed, "ecs", "ec2", 1), []byte("Action=A&Version=2016-11-15&Filter.1.Name=a"))
	f.Add("GET", "/?Action=A&Version=2015-12-01&X-Amz-Credential=a%2Fb%2Fc%2Fd%2Fe", "", "", "", []byte{})
	f.Add("GET", "/x/y", "application/cbor", "", signed, []byte{})
	h := fuzzed()
	f.Fuzz(func(t *testing.T, method, target, kind, op, auth string, body []byte) {
		r, err := http.NewRequest(method, "http://localhost/", bytes.NewReader(body))
		if err != nil {
			return // net/http's server would not have read it either
		}
		if r.URL, err = r.URL.Parse(target); err != nil {
			return
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("X-Amz-Target", op)
		r.Header.Set("Authorization", auth)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 && (w.Code < 400 || w.Code > 499) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		wellFormed(t, w)
	})
}

func fuzzed() http.Handler {
	echo := func(in any) Op {
		return Op{In: func() any { return reflect.New(reflect.TypeOf(in)).Interface() }, Do: func(_ context.Context, _ Call, in any) (any, error) { return in, nil }}
	}
	return New([]Service{
		{Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113", Ops: map[string]Op{"A": echo(ecs.RegisterTaskDefinitionInput{})}},
		{Name: "elasticloadbalancing", Protocol: Query, Version: "2015-12-01", Namespace: "http://x/", Ops: map[string]Op{"A": echo(elb.CreateListenerInput{})}},
		{Name: "ec2", Protocol: EC2Query, Version: "2016-11-15", Namespace: "http://x/", Ops: map[string]Op{"A": echo(ec2Sample{})}},
	}, Options{MaxBody: 1 << 16})
}

func wellFormed(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	kind, body := w.Header().Get("Content-Type"), w.Body.Bytes()
	switch {
	case strings.Contains(kind, "json"):
		var doc map[string]any
		if err := json.Unmarshal(body, &doc); err != nil || w.Code != 200 && doc["__type"] != w.Header().Get("X-Amzn-Errortype") {
			t.Fatalf("%d %q: %v", w.Code, body, err)
		}
	case strings.Contains(kind, "xml"):
		var any struct{ XMLName xml.Name }
		if err := xml.Unmarshal(body, &any); err != nil {
			t.Fatalf("%d %q: %v", w.Code, body, err)
		}
	case strings.Contains(kind, "cbor"), w.Code == 404:
	default:
		t.Fatalf("%d %s %q", w.Code, kind, body)
	}
}
