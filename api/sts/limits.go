package sts

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	mostPolicy = 2048 // characters of a session policy
	mostARNs   = 10
	mostTags   = 50
)

// limits checks and notes the session policies.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func limits(tx *store.Tx, in *sts.AssumeRoleInput, s *model.Session) error {
	if in.Policy != nil && len(*in.Policy) > mostPolicy {
		return invalid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")
	}
	if len(in.PolicyArns) > mostARNs {
		return invalid("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	if in.Policy != nil {
		if _, err := policy.Parse(policy.Session, *in.Policy); err != nil {
			return &wire.Error{Code: "MalformedPolicyDocument", Message: err.Error()}
		}
	}
	for _, p := range in.PolicyArns {
		arn := aws.ToString(p.Arn)
		if _, ok := identity.Policy(tx, arn); !ok {
			return invalid("The policy " + arn + " does not exist or is not attachable.")
		}
		s.Managed = append(s.Managed, arn)
	}
	return nil
}

// label notes the session tags and the source identity. Those that a chained session must keep come
// from the session before, and cannot be changed.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func label(in *sts.AssumeRoleInput, from model.Session, s *model.Session) error {
	for _, t := range from.Tags {
		if slices.Contains(from.Lasting, t.Key) {
			s.Tags = append(s.Tags, t)
		}
	}
	s.Lasting = slices.Clone(from.Lasting)
	for _, t := range in.Tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		switch {
		case key == "" || len([]rune(key)) > 128 || len([]rune(value)) > 256:
			return invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have a key of 1 to 128 and a value of at most 256 characters")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid("Tag keys that begin with aws: are reserved.")
		case slices.ContainsFunc(s.Tags, func(o model.Tag) bool { return strings.EqualFold(o.Key, key) && slices.Contains(from.Lasting, o.Key) }):
			return &wire.Error{Code: "InvalidParameterValue", Message: "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."}
		case slices.ContainsFunc(s.Tags, func(o model.Tag) bool { return strings.EqualFold(o.Key, key) }):
			return invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		s.Tags = append(s.Tags, model.Tag{Key: key, Value: value})
	}
	if len(s.Tags) > mostTags {
		return invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	for _, key := range in.TransitiveTagKeys {
		if !slices.ContainsFunc(in.Tags, func(t types.Tag) bool { return aws.ToString(t.Key) == key }) {
			return &wire.Error{Code: "InvalidParameterValue", Message: "The specified transitive tag key must be included in the requested tags."}
		}
		s.Lasting = append(s.Lasting, key)
	}
	if s.Source = from.Source; in.SourceIdentity != nil {
		if from.Source != "" && *in.SourceIdentity != from.Source {
			return &wire.Error{Code: "AccessDenied", Status: 403, Message: "The source identity of a session cannot be changed."}
		}
		if err := checkText("sourceIdentity", in.SourceIdentity, 64, nameForm); err != nil {
			return err
		}
		s.Source = *in.SourceIdentity
	}
	return nil
}

// packed is how much of what a session may carry is used, in percent; nil where it carries nothing.
func packed(s model.Session) *int32 {
	n := len(s.Policy)
	for _, arn := range s.Managed {
		n += len(arn)
	}
	for _, t := range s.Tags {
		n += len(t.Key) + len(t.Value)
	}
	if n == 0 {
		return nil
	}
	return aws.Int32(int32(min(100, 1+n*100/(2*mostPolicy))))
}

func outOfRange(n int32, want string) error {
	return invalid("1 validation error detected: Value '" + strconv.Itoa(int(n)) + "' at 'durationSeconds' failed to satisfy constraint: Member must have value " + want)
}
