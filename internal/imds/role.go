package imds

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rolecreds"
	"github.com/drydock-ecs/drydock/internal/store"
)

// role adds what the instance profile gives, if path is there: making credentials is work.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
func (h *Handler) role(t tree, sc model.Scope, i model.Instance, path string) error {
	p, role, err := h.profile(sc, i)
	if errors.Is(err, errNoProfile) {
		return nil
	}
	if err != nil {
		return err
	}
	info := map[string]string{"Code": "Success", "LastUpdated": stamp(i.Launch.At)}
	if p.ID == "" {
		info["Code"], info["Message"] = "InstanceProfileNotFound", "The instance profile "+i.Launch.Profile+" cannot be found."+identity.TroubleWithEC2
	} else {
		info["InstanceProfileArn"], info["InstanceProfileId"] = p.ARN(sc), p.ID
	}
	t["meta-data/iam/info"] = document(info)
	if p.Role == "" {
		return nil
	}
	const at = "meta-data/iam/security-credentials/"
	if t[at+p.Role] = "{}"; strings.Trim(path, "/") != at+p.Role {
		return nil
	}
	t[at+p.Role], err = h.credentials(sc, i, p.Role, role)
	return err
}

// profile finds the instance profile and the ARN of the role in it. One that is gone has no id.
func (h *Handler) profile(sc model.Scope, i model.Instance) (p model.InstanceProfile, role string, err error) {
	if i.Launch.Profile == "" {
		return p, "", errNoProfile
	}
	err = h.store.View(sc, func(tx *store.Tx) error { p, role = identity.ProfileOf(tx, i); return nil })
	return p, role, err
}

// credentials are those of the instance's role, or why there are none.
func (h *Handler) credentials(sc model.Scope, i model.Instance, name, arn string) (string, error) {
	c, err := h.roles.For(rolecreds.Holder{Scope: sc, Service: identity.ForInstances, Role: arn, Session: i.ID})
	if errors.Is(err, rolecreds.ErrNotAssumed) {
		return document(map[string]string{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role " + name + "." + identity.TroubleWithEC2, "LastUpdated": stamp(time.Now())}), nil
	}
	if err != nil {
		return "", err
	}
	return document(map[string]string{"Code": "Success", "LastUpdated": stamp(c.Expires.Add(-rolecreds.Lasting)), "Type": "AWS-HMAC",
		"AccessKeyId": c.ID, "SecretAccessKey": c.Secret, "Token": c.Token, "Expiration": stamp(c.Expires)}), nil
}

func document(members map[string]string) string {
	raw, _ := json.MarshalIndent(members, "", "  ") // strings only
	return string(raw)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
