package sts

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

var (
	nameForm     = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalForm = regexp.MustCompile(`^[\w+=,.@:\/-]*$`) // what it must be is the trust policy's to say
)

// assumeRole makes a session of a role.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (o Options) assumeRole(tx *store.Tx, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	if err := wire.Refuse(in, "ValidationError", "SerialNumber", "TokenCode", "ProvidedContexts", "MinimumSessionTokenSize"); err != nil {
		return nil, err
	}
	caller := tx.Caller()
	if caller.ID == tx.Scope().Account {
		return nil, &wire.Error{Code: "AccessDenied", Status: 403, Message: "Roles may not be assumed by root accounts."}
	}
	role, at, err := findRole(tx, in)
	if err != nil {
		return nil, err
	}
	from, chained := store.Sessions.Get(tx.In(tx.Scope().Global()), caller.Key)
	chained = chained && from.Caller.Role != ""
	length, err := duration(in.DurationSeconds, role.MaxSession, chained)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.RoleSessionName)
	s := model.Session{Policy: aws.ToString(in.Policy), Expires: tx.Now().Add(length).Truncate(time.Second), Caller: model.Caller{
		ARN:  "arn:" + at.Partition() + ":sts::" + at.Account + ":assumed-role/" + role.Name + "/" + name,
		Role: role.ARN(at), ID: role.ID + ":" + name}}
	if err := limits(tx.In(at), in, &s); err != nil {
		return nil, err
	}
	if err := label(in, from, &s); err != nil {
		return nil, err
	}
	c := session.Issue(tx.In(at), o.Vault, s)
	out := &sts.AssumeRoleOutput{Credentials: show(c), SourceIdentity: text(s.Source), SessionTokenSize: aws.Int32(int32(len(c.Token))),
		AssumedRoleUser: &types.AssumedRoleUser{Arn: &s.Caller.ARN, AssumedRoleId: &s.Caller.ID}}
	//lint:ignore SA1019 STS still answers it
	out.PackedPolicySize = packed(s)
	return out, nil
}

// checkText checks a member of at least two characters, if it is given.
func checkText(member string, p *string, most int, form *regexp.Regexp) error {
	if p == nil {
		return nil
	}
	rule := ""
	switch {
	case len(*p) < 2:
		rule = "have length greater than or equal to 2"
	case len(*p) > most:
		rule = fmt.Sprintf("have length less than or equal to %d", most)
	case !form.MatchString(*p):
		rule = "satisfy regular expression pattern: " + strings.Trim(form.String(), "^$")
	default:
		return nil
	}
	return invalid("1 validation error detected: Value '" + *p + "' at '" + member + "' failed to satisfy constraint: Member must " + rule)
}

// findRole checks the names and returns the role with the scope that it stands in.
func findRole(tx *store.Tx, in *sts.AssumeRoleInput) (r model.Role, at model.Scope, err error) {
	arn := aws.ToString(in.RoleArn)
	name, ok := model.RoleName(arn)
	switch {
	case arn == "":
		return r, at, invalid("1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null")
	case !ok:
		return r, at, invalid(arn + " is invalid")
	case in.RoleSessionName == nil:
		return r, at, invalid("1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null")
	}
	if err := checkText("roleSessionName", in.RoleSessionName, 64, nameForm); err != nil {
		return r, at, err
	}
	if err := checkText("externalId", in.ExternalId, 1224, externalForm); err != nil {
		return r, at, err
	}
	p, _ := model.ParseARN(arn)
	at = model.Scope{Account: p.Account, Region: tx.Scope().Region}
	r, ok = store.Roles.Get(tx.In(at.Global()), model.Role{Name: name}.Key())
	if !ok || r.ARN(at) != arn {
		return r, at, &wire.Error{Code: "AccessDenied", Status: 403, Message: "User: " + tx.Caller().ARN + " is not authorized to perform: sts:AssumeRole on resource: " + arn}
	}
	return r, at, nil
}

const (
	shortest = 15 * time.Minute
	// chain is how long a session may be that was assumed by another session.
	//
	// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
	chain = time.Hour
)

// duration is how long a session is to be: an hour unless the request says otherwise.
func duration(seconds *int32, most time.Duration, chained bool) (time.Duration, error) {
	if seconds == nil {
		return time.Hour, nil
	}
	d := time.Duration(*seconds) * time.Second
	switch {
	case d < shortest:
		return 0, outOfRange(*seconds, "greater than or equal to 900")
	case d > 12*time.Hour:
		return 0, outOfRange(*seconds, "less than or equal to 43200")
	case chained && d > chain:
		return 0, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case d > max(most, time.Hour):
		return 0, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return d, nil
}

func invalid(message string) error { return &wire.Error{Code: "ValidationError", Message: message} }

func show(c session.Credentials) *types.Credentials {
	return &types.Credentials{AccessKeyId: &c.ID, SecretAccessKey: &c.Secret, SessionToken: &c.Token, Expiration: &c.Expires}
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
