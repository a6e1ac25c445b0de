package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The APIs that the command line calls itself, as any client would. Requests carry an account and
// region like signed ones; they are signed where the environment has a key that a daemon gave out.
const (
	ecsTarget  = "AmazonEC2ContainerServiceV20141113."
	ec2Version = "2016-11-15"
	elbVersion = "2015-12-01"
)

// ecs calls one ECS operation.
func (c *client) ecs(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, "ecs", operation, body, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {ecsTarget + operation}})
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// ec2 and elb call one operation with its parameters as a form.
func (c *client) ec2(ctx context.Context, operation string, form url.Values, out any) error {
	return c.query(ctx, "ec2", operation, ec2Version, form, out)
}

func (c *client) elb(ctx context.Context, operation string, form url.Values, out any) error {
	return c.query(ctx, "elasticloadbalancing", operation, elbVersion, form, out)
}

func (c *client) query(ctx context.Context, service, operation, version string, form url.Values, out any) error {
	if form == nil {
		form = url.Values{}
	}
	form.Set("Action", operation)
	form.Set("Version", version)
	answer, err := c.call(ctx, service, operation, []byte(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if err != nil || out == nil {
		return err
	}
	return xml.Unmarshal(answer, out)
}

// call posts one request and returns the body of a success.
func (c *client) call(ctx context.Context, service, operation string, body []byte, h http.Header) ([]byte, error) {
	u, err := c.base()
	if err != nil {
		return nil, err
	}
	u.Path = "/"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = h
	if err := c.sign(req, service, body); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(u.Host, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", service, operation, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %w", operation, apiError(resp.Status, answer))
	}
	return answer, nil
}

// sign signs a request with the access key of the environment, if it is one of a daemon's.
func (c *client) sign(req *http.Request, service string, body []byte) error {
	k := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if _, ours := ids.Issued(k.AccessKeyID); !ours { // said in full, so that a daemon that is strict refuses the key and not the form
		now := time.Now().UTC()
		req.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
		req.Header.Set("Authorization", c.authorization(service, now))
		return nil
	}
	sum := sha256.Sum256(body)
	return signer.NewSigner().SignHTTP(req.Context(), k, req, hex.EncodeToString(sum[:]), service, cmp.Or(c.region, "us-east-1"), time.Now())
}

// authorization names account and region as a signed request does.
func (c *client) authorization(service string, now time.Time) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=host, Signature=%064d",
		cmp.Or(c.account, "drydock"), now.UTC().Format("20060102"), cmp.Or(c.region, "us-east-1"), service, 0)
}

// apiError reads an error of any of the protocols.
func apiError(status string, body []byte) error {
	var j struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &j) == nil && j.Type != "" {
		return fmt.Errorf("%s (%s)", j.Message, j.Type[strings.LastIndex(j.Type, "#")+1:])
	}
	var x struct {
		Query fault `xml:"Error"`
		EC2   fault `xml:"Errors>Error"`
	}
	if xml.Unmarshal(body, &x) == nil {
		if f := cmp.Or(x.Query, x.EC2); f.Code != "" {
			return fmt.Errorf("%s (%s)", f.Message, f.Code)
		}
	}
	return fmt.Errorf("%s: %.200s", status, body)
}

// fault is an error of the query protocols.
type fault struct{ Code, Message string }
