package secretsmanager

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// holds reports whether a secret has a version of that id with that value.
func (o Options) holds(tx *store.Tx, s model.Secret, id string, val value) bool {
	v, ok := store.SecretVersions.Get(tx, model.SecretVersionPrefix(s.Name)+id)
	if !ok || v.Binary != val.binary {
		return false
	}
	has, err := o.Vault.Open(secrets.Place(tx.Scope(), s, id), v.Value)
	return err == nil && bytes.Equal(has, val.bytes)
}

// addVersion seals a new version and returns the secret with its labels moved. The first version of a
// secret is AWSCURRENT, whatever labels were asked for.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (o Options) addVersion(tx *store.Tx, s model.Secret, id string, val value, stages []string) (model.Secret, error) {
	key := model.SecretVersionPrefix(s.Name) + id
	if _, there := store.SecretVersions.Get(tx, key); there {
		return s, exists("You can't modify an existing version, you can only create a new version.")
	}
	if s.Stages[model.StageCurrent] == "" && !slices.Contains(stages, model.StageCurrent) {
		stages = append(slices.Clone(stages), model.StageCurrent)
	}
	store.SecretVersions.Put(tx, model.SecretVersion{Secret: s.Name, ID: id, Binary: val.binary, Created: tx.Now(),
		Value: o.Vault.Seal(secrets.Place(tx.Scope(), s, id), val.bytes)})
	s.Changed = tx.Now()
	for _, label := range stages {
		s.Stages = moved(s.Stages, label, id)
	}
	return s, dropDeprecated(tx, s)
}

// moved returns the labels with one moved to a version; empty takes it from all. What loses
// AWSCURRENT gets AWSPREVIOUS.
func moved(stages map[string]string, label, to string) map[string]string {
	was := stages[label]
	stages = maps.Clone(stages)
	if stages == nil {
		stages = map[string]string{}
	}
	if stages[label] = to; to == "" {
		delete(stages, label)
	}
	if label == model.StageCurrent && was != "" && was != to {
		stages[model.StagePrevious] = was
	}
	return stages
}

// dropDeprecated removes the oldest versions without a label above the most that a secret keeps. Those
// of the last day stay, and are too many at some point.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
func dropDeprecated(tx *store.Tx, s model.Secret) error {
	all := slices.Collect(store.SecretVersions.From(tx, model.SecretVersionPrefix(s.Name), ""))
	over := len(all) - maxVersions
	if over <= 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b model.SecretVersion) int { return a.Created.Compare(b.Created) })
	for _, v := range all {
		if over > 0 && len(s.StagesOf(v.ID)) == 0 && tx.Now().Sub(v.Created) > 24*time.Hour {
			store.SecretVersions.Delete(tx, v.Key())
			over--
		}
	}
	if over > 0 {
		return limitExceeded("You can't have more than %d versions of a secret.", maxVersions)
	}
	return nil
}

func (o Options) putSecretValue(tx *store.Tx, in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	if err := wire.Refuse(in, "InvalidParameterException", "RotationToken"); err != nil {
		return nil, err
	}
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	val, given, err := newValue(in.SecretString, in.SecretBinary)
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, badRequest("You must provide either SecretString or SecretBinary.")
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	stages, err := labels(in.VersionStages)
	if err != nil {
		return nil, err
	}
	if !o.holds(tx, s, id, val) {
		if s, err = o.addVersion(tx, s, id, val, stages); err != nil {
			return nil, err
		}
		store.Secrets.Put(tx, s)
	}
	return &secretsmanager.PutSecretValueOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, VersionId: &id, VersionStages: s.StagesOf(id)}, nil
}

// labels checks the staging labels of a new version.
func labels(given []string) ([]string, error) {
	if given == nil {
		return []string{model.StageCurrent}, nil
	}
	if n := len(given); n < 1 || n > maxStages {
		return nil, breaks("", "versionStages", "have length between 1 and "+strconv.Itoa(maxStages))
	}
	for _, l := range given {
		if err := checkLength("versionStages", &l, 1, 256); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// abroad is what is told who reads what is not there, but may be a secret of another account.
func abroad(tx *store.Tx, id *string, missing error) error {
	a, ok := model.ParseARN(aws.ToString(id))
	if !ok || a.Service != "secretsmanager" || a.Region != tx.Scope().Region || a.Account == tx.Scope().Account {
		return missing
	}
	there := tx.In(a.Scope())
	s, missing := secrets.Find(there, *id)
	arn := *id
	if missing == nil {
		arn = s.ARN(there.Scope())
	}
	switch by, err := identity.Admits(tx, "secretsmanager:GetSecretValue", arn, s.Policy); {
	case err != nil:
		return err
	case !by.Allowed:
		return &wire.Error{Code: "AccessDeniedException", Message: by.Message()}
	case missing != nil:
		return missing
	}
	return secrets.Foreign()
}

func (o Options) getSecretValue(tx *store.Tx, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	s, err := find(tx, in.SecretId)
	if err != nil {
		return nil, abroad(tx, in.SecretId, err)
	}
	if err := checkLengths(length{"versionId", in.VersionId, 32, 64}, length{"versionStage", in.VersionStage, 1, 256}); err != nil {
		return nil, err
	}
	v, err := secrets.Version(tx, s, aws.ToString(in.VersionId), aws.ToString(in.VersionStage))
	if err != nil {
		return nil, err
	}
	raw, err := secrets.Open(tx, o.Vault, s, v)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.GetSecretValueOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, VersionId: &v.ID, VersionStages: s.StagesOf(v.ID),
		CreatedDate: &v.Created}
	if v.Binary {
		out.SecretBinary = raw
	} else {
		out.SecretString = aws.String(string(raw))
	}
	return out, nil
}

func updateSecretVersionStage(tx *store.Tx, in *secretsmanager.UpdateSecretVersionStageInput) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := required("versionStage", in.VersionStage); err != nil {
		return nil, err
	}
	if err := checkLengths(length{"versionStage", in.VersionStage, 1, 256}, length{"moveToVersionId", in.MoveToVersionId, 32, 64},
		length{"removeFromVersionId", in.RemoveFromVersionId, 32, 64}); err != nil {
		return nil, err
	}
	label, to, from := *in.VersionStage, aws.ToString(in.MoveToVersionId), aws.ToString(in.RemoveFromVersionId)
	if err := checkMove(tx, s, label, to, from); err != nil {
		return nil, err
	}
	s.Stages, s.Changed = moved(s.Stages, label, to), tx.Now()
	store.Secrets.Put(tx, s)
	return &secretsmanager.UpdateSecretVersionStageOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name}, nil
}

// checkMove applies the rules of moving a label.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func checkMove(tx *store.Tx, s model.Secret, label, to, from string) error {
	has := s.Stages[label]
	for _, id := range []string{to, from} {
		if _, there := store.SecretVersions.Get(tx, model.SecretVersionPrefix(s.Name)+id); id != "" && !there {
			return notFoundVersion(id)
		}
	}
	switch {
	case to == "" && from == "":
		return invalid("You must provide MoveToVersionId, RemoveFromVersionId, or both.")
	case from == "" && has != "" && has != to:
		return invalid("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", label, has)
	case from != "" && from != has:
		return invalid("The parameter RemoveFromVersionId is not valid. Staging label %s is not attached to version %s.", label, from)
	case to == "" && label == model.StageCurrent:
		return invalid("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	case to != "" && len(s.StagesOf(to)) >= maxStages && has != to:
		return limitExceeded("You can't attach more than %d staging labels to a version.", maxStages)
	}
	return nil
}
