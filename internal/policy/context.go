package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Context are the condition keys of one request and their values. Keys are lower case: AWS compares
// them without regard to case, tag keys in them included. Use Set.
type Context map[string][]string

// Set gives key the values. No value at all means that the key is not in the request.
func (c Context) Set(key string, values ...string) {
	if len(values) > 0 {
		c[strings.ToLower(key)] = values
	}
}

// With is c and what more adds; neither is changed.
func (c Context) With(more Context) Context {
	out := make(Context, len(c)+len(more))
	for k, v := range c {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// Caller is what the global condition keys say of a request, besides its principal.
type Caller struct {
	Now       time.Time
	Region    string
	SourceIP  string
	UserAgent string
	TLS       bool
	Issued    time.Time         // of temporary credentials; zero for long-term ones
	Tags      map[string]string // the principal's
	Service   bool              // an AWS service makes the call
	Via       bool              // an AWS service makes the call for the principal
}

// Keys are the global condition keys of a call by p.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (p Principal) Keys(call Caller) Context {
	c := make(Context, 16+len(call.Tags))
	c.Set("aws:CurrentTime", call.Now.UTC().Format(time.RFC3339))
	c.Set("aws:EpochTime", strconv.FormatInt(call.Now.Unix(), 10))
	c.Set("aws:SecureTransport", strconv.FormatBool(call.TLS))
	c.Set("aws:ViaAWSService", strconv.FormatBool(call.Via))
	c.Set("aws:PrincipalIsAWSService", strconv.FormatBool(call.Service || p.Service != ""))
	given := func(key, value string) {
		if value != "" {
			c.Set(key, value)
		}
	}
	given("aws:RequestedRegion", call.Region)
	given("aws:SourceIp", call.SourceIP)
	given("aws:UserAgent", call.UserAgent)
	given("aws:PrincipalServiceName", p.Service)
	if !call.Issued.IsZero() {
		c.Set("aws:TokenIssueTime", call.Issued.UTC().Format(time.RFC3339))
		c.Set("aws:MultiFactorAuthPresent", "false")
	}
	if p.Service == "" {
		given("aws:PrincipalArn", p.entity())
		given("aws:PrincipalAccount", p.Account)
		given("aws:PrincipalType", p.Type())
		given("aws:userid", p.ID)
		given("aws:username", p.userName())
	}
	for k, v := range call.Tags {
		c.Set("aws:PrincipalTag/"+k, v)
	}
	return c
}

// Names are the keys of c, sorted.
func (c Context) Names() []string {
	names := make([]string, 0, len(c))
	for k := range c {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
