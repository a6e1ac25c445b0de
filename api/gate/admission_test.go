package gate_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
)

// protocol is a call that changes nothing in one of the protocols, and how it is turned away.
type protocol struct {
	name, service string
	body          string
	header        map[string]string
	codes         map[string]string // by kind of refusal
}

var protocols = []protocol{
	{"json", "ecs", `{"maxResults":5}`, map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters", "X-Amz-Note": "n"},
		map[string]string{"in": "200", "signature": "400 InvalidSignatureException", "time": "400 InvalidSignatureException", "key": "400 UnrecognizedClientException", "expired": "400 ExpiredTokenException", "service": "400 InvalidSignatureException",
			"incomplete": "400 IncompleteSignatureException", "missing": "400 MissingAuthenticationTokenException"}},
	{"query", "sts", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Note": "n"},
		map[string]string{"in": "200", "signature": "403 SignatureDoesNotMatch", "time": "403 SignatureDoesNotMatch", "key": "403 InvalidClientTokenId", "expired": "403 ExpiredToken", "service": "400 InvalidAction",
			"incomplete": "400 IncompleteSignature", "missing": "403 MissingAuthenticationToken"}},
	{"ec2", "ec2", "Action=DescribeVpcs&Version=2016-11-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Note": "n"},
		map[string]string{"in": "200", "signature": "401 AuthFailure", "time": "400 RequestExpired", "key": "401 AuthFailure", "expired": "400 RequestExpired", "service": "400 InvalidAction",
			"incomplete": "400 IncompleteSignature", "missing": "403 MissingAuthenticationToken"}},
}

// message is a request as it goes over the wire: what the signer made, and what was done to it.
type message struct {
	proto, target, host, body string
	header                    http.Header
}

// signing is how a request is signed, where that is not as it should be.
type signing struct {
	late            time.Duration // how long ago it was signed
	region, service string
	presigned       string // seconds
	tokenBehind     bool   // the session token comes after signing
}

// signed is a call of a protocol as AWS's signer leaves it.
func (w *world) signed(p protocol, c aws.Credentials, s signing) message {
	w.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url+"/", strings.NewReader(p.body))
	if err != nil {
		w.Fatal(err)
	}
	for k, v := range p.header {
		r.Header.Set(k, v)
	}
	token := c.SessionToken
	if s.tokenBehind {
		c.SessionToken = ""
	}
	sum := sha256.Sum256([]byte(p.body))
	hash, at := hex.EncodeToString(sum[:]), time.Now().Add(-s.late)
	service, region := p.service, scope.Region
	if s.service != "" {
		service = s.service
	}
	if s.region != "" {
		region = s.region
	}
	m := message{proto: "HTTP/1.1", host: r.URL.Host, body: p.body, target: "/", header: r.Header}
	if s.presigned == "" {
		err = v4.NewSigner().SignHTTP(context.Background(), c, r, hash, service, region, at)
	} else {
		r.URL.RawQuery = url.Values{"X-Amz-Expires": {s.presigned}}.Encode()
		var to string
		to, m.header, err = v4.NewSigner().PresignHTTP(context.Background(), c, r, hash, service, region, at)
		u, _ := url.Parse(to)
		m.target = u.RequestURI()
	}
	if err != nil {
		w.Fatal(err)
	}
	if s.tokenBehind {
		m.header.Set("X-Amz-Security-Token", token)
	}
	m.header.Del("Host")
	m.header.Del("Content-Length")
	return m
}

// told sends a message and returns the status and the code of the error.
func (w *world) told(m message) string {
	w.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s %s\r\nConnection: close\r\nContent-Length: %d\r\n", m.target, m.proto, len(m.body))
	if m.host != "" {
		fmt.Fprintf(&b, "Host: %s\r\n", m.host)
	}
	_ = m.header.Write(&b)
	_, _ = io.WriteString(conn, b.String()+"\r\n"+m.body)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	code := res.Header.Get("X-Amzn-Errortype")
	if in := regexp.MustCompile(`<Code>(\w+)</Code>`).FindSubmatch(body); in != nil {
		code = string(in[1])
	}
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", code))
}

// auth replaces a part of the signature, wherever it is.
func auth(from, to string) func(*message) {
	return func(m *message) {
		m.target = strings.Replace(m.target, url.QueryEscape(from), url.QueryEscape(to), 1)
		if a := m.header.Get("Authorization"); a != "" {
			m.header.Set("Authorization", strings.Replace(a, from, to, 1))
		}
	}
}

// another changes the body to one that says the same.
func another(m *message) {
	if strings.HasPrefix(m.body, "{") {
		m.body += " "
		return
	}
	m.body += "&Note=n"
}

func header(name, value string) func(*message) {
	return func(m *message) { m.header.Set(name, value) }
}

// TestWhoGetsIn tries, in each protocol and with and without strict, everything that is almost a
// caller. Whoever may come in, and nobody else, does; who does not is told in AWS's words.
func TestWhoGetsIn(t *testing.T) {
	const skew = 15 * time.Minute
	worlds, callers := map[bool]*world{}, map[bool]map[string]aws.Credentials{}
	for _, strict := range []bool{false, true} {
		worlds[strict] = newWorld(t, strict)
		callers[strict] = worlds[strict].almost()
	}
	for _, c := range []struct {
		rule    string
		who     string
		signing signing
		change  func(*message)
		want    string
	}{
		{"a user", "ann", signing{}, nil, "in"},
		{"a user's session", "session", signing{}, nil, "in"},
		{"a role's session", "role", signing{}, nil, "in"},
		{"presigned", "ann", signing{presigned: "60"}, nil, "in"},
		{"a session, presigned", "role", signing{presigned: "60"}, nil, "in"},
		{"in any region", "ann", signing{region: "us-west-2"}, nil, "in"},
		{"almost 15 minutes late", "ann", signing{late: skew - 10*time.Second}, nil, "in"},
		{"almost 15 minutes early", "ann", signing{late: 10*time.Second - skew}, nil, "in"},

		{"a wrong secret", "wrong", signing{}, nil, "signature"},
		{"a wrong secret, presigned", "wrong", signing{presigned: "60"}, nil, "signature"},
		{"no secret", "empty", signing{}, nil, "signature"},
		{"another user's secret", "bob's secret", signing{}, nil, "signature"},
		{"a key that nobody has", "nobody", signing{}, nil, "key"},
		{"a key of an account that is none", "elsewhere", signing{}, nil, "key"},
		{"a key that is switched off", "off", signing{}, nil, "key"},
		{"a key that was deleted", "deleted key", signing{}, nil, "key"},
		{"a key whose user was deleted", "gone", signing{}, nil, "key"},
		{"a session whose user was deleted", "gone's session", signing{}, nil, "key"},
		{"a session whose role was deleted", "gone role", signing{}, nil, "key"},
		{"a session whose role was made anew", "new role", signing{}, nil, "key"},
		{"a session that ended", "ended", signing{}, nil, "expired"},
		{"a session that ended, presigned", "ended", signing{presigned: "60"}, nil, "expired"},
		{"a session that ended, with a wrong secret", "ended and wrong", signing{}, nil, "signature"},
		{"a session with its user's secret", "user's secret", signing{}, nil, "signature"},
		{"a session without its token", "no token", signing{}, nil, "key"},
		{"a session with a token that was altered", "altered token", signing{}, nil, "key"},
		{"a session with another's token", "other token", signing{}, nil, "key"},
		{"a user's key with a session's token", "ann and token", signing{}, nil, "key"},
		{"a token that was put there after signing", "session", signing{tokenBehind: true}, nil, "signature"},

		{"another region than was signed", "ann", signing{}, auth("eu-central-1", "us-east-1"), "signature"},
		{"signed for another service", "ann", signing{service: "s3"}, nil, "service"},
		{"another service than was signed", "ann", signing{service: "s3"}, auth("/s3/", "/sqs/"), "service"},
		{"a scope of another day", "ann", signing{}, auth("/"+time.Now().UTC().Format("20060102")+"/", "/20200101/"), "signature"},
		{"another end of the scope", "ann", signing{}, auth("aws4_request", "aws5_request"), "incomplete"},

		{"more than 15 minutes late", "ann", signing{late: skew + 10*time.Second}, nil, "time"},
		{"more than 15 minutes early", "ann", signing{late: -skew - 10*time.Second}, nil, "time"},
		{"late, with another date", "ann", signing{late: skew + 10*time.Second}, header("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z")), "signature"},
		{"no date", "ann", signing{}, func(m *message) { m.header.Del("X-Amz-Date") }, "incomplete"},
		{"presigned, and expired", "ann", signing{presigned: "60", late: 70 * time.Second}, nil, "time"},
		{"presigned and expired, made longer", "ann", signing{presigned: "60", late: 70 * time.Second}, func(m *message) {
			m.target = strings.Replace(m.target, "X-Amz-Expires=60", "X-Amz-Expires=600", 1)
		}, "signature"},
		{"presigned for longer than a week", "ann", signing{presigned: "604801"}, nil, "incomplete"},

		{"another body", "ann", signing{}, another, "signature"},
		{"another body, presigned", "ann", signing{presigned: "60"}, another, "signature"},
		{"another body with its own hash beside it", "ann", signing{}, func(m *message) {
			another(m)
			sum := sha256.Sum256([]byte(m.body))
			m.header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		}, "signature"},
		{"a body that is called unsigned", "ann", signing{}, header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), "signature"},
		{"a parameter more", "ann", signing{}, func(m *message) { m.target += "?Action=x" }, "signature"},
		{"a signed header that was altered", "ann", signing{}, header("X-Amz-Note", "m"), "signature"},
		{"a signed header that is gone", "ann", signing{}, func(m *message) { m.header.Del("X-Amz-Note") }, "signature"},
		{"a header that matters, unsigned", "ann", signing{}, header("X-Amz-Meta", "1"), "signature"},
		{"a header that matters, no longer signed", "ann", signing{}, auth(";x-amz-note", ""), "signature"},
		{"another Host", "ann", signing{}, func(m *message) { m.host = "localhost:4566" }, "signature"},
		{"no Host", "ann", signing{}, func(m *message) { m.host, m.proto = "", "HTTP/1.0" }, "signature"},
		{"the Host unsigned", "ann", signing{}, func(m *message) { auth("host;", "")(m) }, "signature"},
		{"two signatures", "ann", signing{}, func(m *message) { m.header.Add("Authorization", m.header.Get("Authorization")) }, "incomplete"},
		{"a signature in the query too", "ann", signing{presigned: "60"}, header("Authorization", "AWS4-HMAC-SHA256 x"), "incomplete"},
		{"another algorithm", "ann", signing{}, auth("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "incomplete"},
		{"no signature in it", "ann", signing{}, auth("Signature=", "Signatur="), "incomplete"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for strict, w := range worlds {
				for _, p := range protocols {
					if p.name == "json" && c.signing.presigned != "" {
						continue // the signer puts X-Amz-Target into the query, where nobody looks for it
					}
					m := w.signed(p, callers[strict][c.who], c.signing)
					if c.change != nil {
						c.change(&m)
					}
					if got, want := w.told(m), p.codes[c.want]; got != want {
						t.Errorf("strict %v, %s: got %s, want %s", strict, p.name, got, want)
					}
				}
			}
		})
	}
}

// TestKeysOfOthersAreNobodys under strict, however they are signed; without it they are the root's.
func TestKeysOfOthersAreNobodys(t *testing.T) {
	for _, strict := range []bool{false, true} {
		w := newWorld(t, strict)
		for _, p := range protocols {
			for _, key := range []string{"test", "999988887777", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"} {
				want := p.codes["key"]
				if !strict {
					want = p.codes["in"]
				}
				if got := w.told(w.signed(p, aws.Credentials{AccessKeyID: key, SecretAccessKey: "test", SessionToken: "t"}, signing{})); got != want {
					t.Errorf("strict %v, %s, %s: got %s, want %s", strict, p.name, key, got, want)
				}
			}
			m := w.signed(p, aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, signing{})
			m.header.Del("Authorization")
			want := p.codes["missing"]
			if !strict {
				want = p.codes["in"]
			}
			if got := w.told(m); got != want {
				t.Errorf("strict %v, %s, unsigned: got %s, want %s", strict, p.name, got, want)
			}
		}
	}
}

// almost is callers, and what is almost one, by what they are.
func (w *world) almost() map[string]aws.Credentials {
	w.Helper()
	everything := policy(allow("*", "*"))
	all := map[string]aws.Credentials{}
	for _, name := range []string{"ann", "bob", "off", "deleted key", "gone"} {
		all[name] = w.user(strings.ReplaceAll(name, " ", "-"), everything)
	}
	session := func(c aws.Credentials) aws.Credentials {
		k := must(w.sts(c).GetSessionToken(w.Context(), &stsapi.GetSessionTokenInput{}))(w).Credentials
		return aws.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}
	}
	role := func(name string) aws.Credentials {
		arn := w.role(model.Role{Name: name, Trust: trusting("arn:aws:iam::111122223333:root", "")}, everything)
		return must(w.assume(all["ann"], &stsapi.AssumeRoleInput{RoleArn: &arn}))(w)
	}
	all["session"], all["gone's session"], all["ended"] = session(all["ann"]), session(all["gone"]), session(all["ann"])
	all["role"], all["gone role"], all["new role"] = role("r"), role("gone-role"), role("new-role")
	as := func(name, of string, change func(*aws.Credentials)) {
		c := all[of]
		change(&c)
		all[name] = c
	}
	as("wrong", "ann", func(c *aws.Credentials) { c.SecretAccessKey += "x" })
	as("empty", "ann", func(c *aws.Credentials) { c.SecretAccessKey = "" })
	as("bob's secret", "ann", func(c *aws.Credentials) { c.SecretAccessKey = all["bob"].SecretAccessKey })
	as("nobody", "ann", func(c *aws.Credentials) { c.AccessKeyID = ids.AccessKey("AKIA", scope.Account) })
	as("elsewhere", "ann", func(c *aws.Credentials) { c.AccessKeyID = ids.AccessKey("AKIA", "999999999999") })
	as("ended and wrong", "ended", func(c *aws.Credentials) { c.SecretAccessKey += "x" })
	as("user's secret", "session", func(c *aws.Credentials) { c.SecretAccessKey = all["ann"].SecretAccessKey })
	as("no token", "session", func(c *aws.Credentials) { c.SessionToken = "" })
	as("altered token", "session", func(c *aws.Credentials) { c.SessionToken = "!" + c.SessionToken[1:] })
	as("other token", "session", func(c *aws.Credentials) { c.SessionToken = all["role"].SessionToken })
	as("ann and token", "ann", func(c *aws.Credentials) { c.SessionToken = all["session"].SessionToken })
	w.update(func(tx *store.Tx) {
		k, _ := store.AccessKeys.Get(tx, all["off"].AccessKeyID)
		k.Active = false
		store.AccessKeys.Put(tx, k)
		store.AccessKeys.Delete(tx, all["deleted key"].AccessKeyID)
		store.Users.Delete(tx, "gone")
		store.Roles.Delete(tx, "gone-role")
		r, _ := store.Roles.Get(tx, "new-role")
		r.ID = "AROANEW"
		store.Roles.Put(tx, r)
		s, _ := store.Sessions.Get(tx, all["ended"].AccessKeyID)
		s.Expires = tx.Now().Add(-time.Second)
		store.Sessions.Put(tx, s)
	})
	return all
}
