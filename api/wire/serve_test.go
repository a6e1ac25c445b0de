package wire_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/drydock-ecs/drydock/api/wire"
)

// send makes one HTTP request and returns the status and the body.
func send(t *testing.T, method, url string, header map[string]string, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

const (
	ecsTarget = "AmazonEC2ContainerServiceV20141113."
	signature = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/SERVICE/aws4_request, SignedHeaders=host, Signature=00"
)

func as(service string) string { return strings.Replace(signature, "SERVICE", service, 1) }

var (
	jsonHeader = map[string]string{"X-Amz-Target": ecsTarget + "RegisterTaskDefinition", "Content-Type": "application/x-amz-json-1.1", "Authorization": as("ecs")}
	formHeader = map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Authorization": as("elasticloadbalancing")}
	ec2Header  = map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": as("ec2")}
)

// with returns header with one value changed; "" takes it away.
func with(header map[string]string, k, v string) map[string]string {
	h := map[string]string{}
	for name, value := range header {
		h[name] = value
	}
	h[k] = v
	if v == "" {
		delete(h, k)
	}
	return h
}

type ec2Input struct {
	Filters []struct {
		Name   string
		Values []string `wire:"Value"`
	} `wire:"Filter"`
	Count  *int32
	Opaque any
}

type ec2Output struct {
	Things []ec2Thing `wire:"Thing,thingSet"`
	Next   *string    `wire:"NextToken"`
}

type ec2Thing struct {
	ThingID string `wire:"ThingId"`
}

func services() []wire.Service {
	return []wire.Service{
		ecsService(map[string]wire.Op{"RegisterTaskDefinition": always[ecs.RegisterTaskDefinitionInput](&ecs.RegisterTaskDefinitionOutput{}, nil),
			"CreateService": always[ecs.CreateServiceInput](&ecs.CreateServiceOutput{}, nil)}),
		elbService(map[string]wire.Op{"CreateListener": always[elb.CreateListenerInput](&elb.CreateListenerOutput{}, nil)}),
		{Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", Known: []string{"StopInstances"},
			Ops: map[string]wire.Op{"DescribeThings": op(func(_ wire.Call, in *ec2Input) (any, error) {
				out := &ec2Output{Things: []ec2Thing{}}
				for _, f := range in.Filters {
					for _, v := range f.Values {
						out.Things = append(out.Things, ec2Thing{f.Name + v})
					}
				}
				return out, nil
			})}},
	}
}

// faultCode reads the code out of an error body, "" when it is not well formed.
func faultCode(body string) string {
	var doc struct {
		Type string `json:"__type"`
	}
	if strings.HasPrefix(body, "{") {
		_ = json.Unmarshal([]byte(body), &doc)
		return doc.Type
	}
	var x struct {
		XMLName xml.Name
		Code    string `xml:"Error>Code"`
		EC2Code string `xml:"Errors>Error>Code"`
		S3Code  string `xml:"Code"`
	}
	if err := xml.Unmarshal([]byte(body), &x); err != nil {
		return ""
	}
	return x.Code + x.EC2Code + x.S3Code
}

func TestWhatIsWrongWithARequestIsTyped(t *testing.T) {
	url := serve(t, services()...)
	elbForm := "Action=CreateListener&Version=2015-12-01"
	for _, tt := range []struct {
		rule         string
		method, path string
		header       map[string]string
		body         string
		status       int
		code         string
	}{
		{"not JSON", "POST", "/", jsonHeader, "{", 400, "SerializationException"},
		{"a list is no object", "POST", "/", jsonHeader, "[]", 400, "SerializationException"},
		{"trailing data", "POST", "/", jsonHeader, "{} {}", 400, "SerializationException"},
		{"trailing comma", "POST", "/", jsonHeader, `{"family":"a",}`, 400, "SerializationException"},
		{"a number is no string", "POST", "/", jsonHeader, `{"family":1}`, 400, "SerializationException"},
		{"a string is no number", "POST", "/", jsonHeader, `{"containerDefinitions":[{"memory":"1"}]}`, 400, "SerializationException"},
		{"a fraction is no integer", "POST", "/", jsonHeader, `{"containerDefinitions":[{"memory":1.5}]}`, 400, "SerializationException"},
		{"an integer that is too large", "POST", "/", jsonHeader, `{"containerDefinitions":[{"memory":2147483648}]}`, 400, "SerializationException"},
		{"null in a list", "POST", "/", jsonHeader, `{"containerDefinitions":[null]}`, 400, "SerializationException"},
		{"not UTF-8", "POST", "/", jsonHeader, "{\"family\":\"\xff\"}", 400, "SerializationException"},
		{"too deep", "POST", "/", jsonHeader, strings.Repeat(`{"x":`, 100) + strings.Repeat("}", 100), 400, "SerializationException"},
		{"lists that grow too large", "POST", "/", jsonHeader, `{"containerDefinitions":[{}` + strings.Repeat(",{}", 1<<20) + "]}", 400, "SerializationException"},
		{"an empty body is an empty object", "POST", "/", jsonHeader, "", 200, ""},
		{"null is absent", "POST", "/", jsonHeader, `{"family":null,"tags":null}`, 200, ""},
		{"an integer may be written with a point", "POST", "/", jsonHeader, `{"containerDefinitions":[{"memory":64.0,"cpu":1e2}]}`, 200, ""},
		{"unknown members are tolerated", "POST", "/", jsonHeader, `{"new":{"a":[1,"\u0041",true,false,null,-1.5e3]},"clientToken":"x"}`, 200, ""},
		{"unions are refused", "POST", "/", with(jsonHeader, "X-Amz-Target", ecsTarget+"CreateService"),
			`{"deploymentConfiguration":{"lifecycleHooks":[{"hookDetails":{}}]}}`, 400, "InvalidParameterException"},
		{"an unserved operation", "POST", "/", with(jsonHeader, "X-Amz-Target", ecsTarget+"ExecuteCommand"), "{}", 400, "UnsupportedOperationException"},
		{"an unknown operation", "POST", "/", with(jsonHeader, "X-Amz-Target", ecsTarget+"Nothing"), "{}", 400, "UnknownOperationException"},
		{"an unknown service", "POST", "/", with(jsonHeader, "X-Amz-Target", "DynamoDB_20120810.PutItem"), "{}", 400, "UnknownOperationException"},
		{"a target without an operation", "POST", "/", with(jsonHeader, "X-Amz-Target", "x"), "{}", 400, "UnknownOperationException"},
		{"no target", "POST", "/", with(jsonHeader, "X-Amz-Target", ""), "{}", 400, "UnknownOperationException"},
		{"a wrong content type", "POST", "/", with(jsonHeader, "Content-Type", "text/plain"), "{}", 415, "UnsupportedMediaTypeException"},
		{"a wrong method", "PUT", "/", jsonHeader, "{}", 405, "MethodNotAllowed"},
		{"a region that is none", "POST", "/", with(jsonHeader, "Authorization", "AWS4-HMAC-SHA256 Credential=A/1/Ü!/ecs/aws4_request"), "{}", 403, "InvalidSignatureException"},

		{"a list's elements are numbered", "POST", "/", formHeader, elbForm + "&DefaultActions.member.x.Type=forward", 400, "MalformedQueryString"},
		{"a list is written with member", "POST", "/", formHeader, elbForm + "&DefaultActions.1.Type=forward", 400, "MalformedQueryString"},
		{"a list has no value", "POST", "/", formHeader, elbForm + "&DefaultActions=forward", 400, "MalformedQueryString"},
		{"a number in a form", "POST", "/", formHeader, elbForm + "&Port=eighty", 400, "InvalidParameterValue"},
		{"a value given twice", "POST", "/", formHeader, elbForm + "&Port=80&Port=81", 400, "MalformedQueryString"},
		{"a bad escape", "POST", "/", formHeader, elbForm + "&Port=%zz", 400, "MalformedQueryString"},
		{"members where a value belongs", "POST", "/", formHeader, elbForm + "&Port.x=1", 400, "MalformedQueryString"},
		{"too deep a name", "POST", "/", formHeader, elbForm + "&a" + strings.Repeat(".a", 99) + "=1", 400, "MalformedQueryString"},
		{"too many parameters", "POST", "/", formHeader, elbForm + strings.Repeat("&a=1", 30000), 400, "MalformedQueryString"},
		{"unknown parameters are tolerated", "POST", "/", formHeader, elbForm + "&New.member.1=x&Port=80", 200, ""},
		{"an empty list", "POST", "/", formHeader, elbForm + "&DefaultActions=", 200, ""},
		{"no action", "POST", "/", formHeader, "Version=2015-12-01", 400, "MissingAction"},
		{"an unknown action", "POST", "/", formHeader, "Action=Nothing&Version=2015-12-01", 400, "InvalidAction"},
		{"an unserved action", "POST", "/", formHeader, "Action=SetIpAddressType&Version=2015-12-01", 400, "InvalidAction"},
		{"another version", "POST", "/", formHeader, "Action=CreateListener&Version=2012-06-01", 400, "InvalidAction"},
		{"an unsigned form is known by its version", "POST", "/", with(formHeader, "Authorization", ""), elbForm, 200, ""},
		{"an unsigned form is known by its action", "POST", "/", with(formHeader, "Authorization", ""), "Action=CreateListener", 200, ""},
		{"a query may stand in the URL", "GET", "/?" + elbForm, with(formHeader, "Content-Type", ""), "", 200, ""},
		{"an unknown query service", "POST", "/", with(formHeader, "Authorization", as("iam")), "Action=ListRoles&Version=2010-05-08", 400, "InvalidAction"},

		{"ec2: a wrong number", "POST", "/", ec2Header, "Action=DescribeThings&Version=2016-11-15&Count=x", 400, "InvalidParameterValue"},
		{"ec2: an opaque member", "POST", "/", ec2Header, "Action=DescribeThings&Version=2016-11-15&Opaque.A=x", 400, "UnsupportedOperation"},
		{"ec2: an unserved action", "POST", "/", ec2Header, "Action=StopInstances&Version=2016-11-15", 400, "UnsupportedOperation"},
		{"ec2: an unknown action", "POST", "/", ec2Header, "Action=Nothing&Version=2016-11-15", 400, "InvalidAction"},
		{"ec2: a bad escape", "POST", "/", ec2Header, "Action=%", 400, "MalformedQueryString"},

		{"a REST service", "GET", "/2015-03-31/functions", map[string]string{"Authorization": as("lambda")}, "", 404, "UnknownOperationException"},
		{"s3", "GET", "/", map[string]string{"Authorization": as("s3")}, "", 404, "UnknownOperationException"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			status, body := send(t, tt.method, url+tt.path, tt.header, tt.body)
			if code := faultCode(body); status != tt.status || tt.code != "" && code != tt.code {
				t.Errorf("got %d %s, want %d %s", status, body, tt.status, tt.code)
			}
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	h := wire.New(services(), wire.Options{Default: home, MaxBody: 100})
	for _, tt := range []struct {
		rule   string
		header map[string]string
		length int64
		code   string
	}{
		{"a length that says so", jsonHeader, 101, "RequestEntityTooLargeException"},
		{"no length", jsonHeader, -1, "RequestEntityTooLargeException"},
		{"a form", formHeader, -1, "RequestEntityTooLarge"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat(" ", 101)))
			r.ContentLength = tt.length
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 413 || faultCode(w.Body.String()) != tt.code {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestEveryCallIsObservedOnce(t *testing.T) {
	var seen []string
	h := wire.New(services(), wire.Options{Default: home, Observe: func(c wire.Call, status int, code string, _ time.Duration) {
		seen = append(seen, fmt.Sprint(c.Service, ":", c.Operation, " ", status, " ", code))
	}})
	for _, target := range []string{"RegisterTaskDefinition", "ExecuteCommand", "Nothing"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", ecsTarget+target)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("X-Amzn-RequestId") == "" {
			t.Error("no request id")
		}
	}
	want := []string{"ecs:RegisterTaskDefinition 200 ", "ecs:ExecuteCommand 400 UnsupportedOperationException", "ecs: 400 UnknownOperationException"}
	if !slices.Equal(seen, want) {
		t.Errorf("got %q", seen)
	}
}

func TestRequestsThatAreNotAWSGetHelp(t *testing.T) {
	url := serve(t, services()...)
	for _, tt := range []struct{ method, path, kind string }{
		{"GET", "/", ""}, {"GET", "/favicon.ico", ""}, {"POST", "/", "text/plain"}, {"POST", "/x", "application/x-www-form-urlencoded"},
	} {
		if status, body := send(t, tt.method, url+tt.path, map[string]string{"Content-Type": tt.kind}, "Action=DescribeThings"); status != 404 || !strings.Contains(body, "--endpoint-url") {
			t.Errorf("%v: %d %s", tt, status, body)
		}
	}
}

func TestRPCv2CBORIsRefusedInCBOR(t *testing.T) {
	url := serve(t, services()...)
	status, body := send(t, "POST", url+"/service/GraniteServiceVersion20100801/operation/PutMetricData",
		map[string]string{"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Authorization": as("monitoring")}, "\xbf\xff")
	want := "\xa2\x79\x00\x06__type\x79\x00\x19UnknownOperationException\x79\x00\x07message\x79\x00\x30Drydock does not serve monitoring:PutMetricData."
	if status != 404 || body != want {
		t.Errorf("got %d %q", status, body)
	}
}

func TestARefusalNamesWhatWasAskedFor(t *testing.T) {
	url := serve(t, services()...)
	for _, tt := range []struct {
		rule, path string
		header     map[string]string
		status     int
		want       string
	}{
		{"a REST service", "/2015-03-31/functions", map[string]string{"Authorization": as("lambda")}, 404, "Drydock does not serve lambda (POST /2015-03-31/functions)."},
		{"a coding", "/", with(jsonHeader, "Content-Encoding", "gzip"), 415, "Drydock does not support the header Content-Encoding: gzip."},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if status, body := send(t, "POST", url+tt.path, tt.header, "{}"); status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestEC2ListsAreFlatAndAnswersHaveItems(t *testing.T) {
	url := serve(t, services()...)
	_, body := send(t, "POST", url, ec2Header, "Action=DescribeThings&Version=2016-11-15&Filter.2.Name=b&Filter.2.Value.1=3&Filter.1.Name=a&Filter.1.Value.2=2&Filter.1.Value.1=%3C")
	_, body, _ = strings.Cut(body, "</requestId>")
	want := "<thingSet><item><thingId>a&lt;</thingId></item><item><thingId>a2</thingId></item><item><thingId>b3</thingId></item></thingSet></DescribeThingsResponse>"
	if body != want {
		t.Errorf("got %s", body)
	}
	_, body = send(t, "POST", url, ec2Header, "Action=DescribeThings&Version=2016-11-15")
	if !strings.Contains(body, "<thingSet></thingSet>") {
		t.Errorf("an empty list is there: %s", body)
	}
}
