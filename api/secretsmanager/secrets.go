package secretsmanager

import (
	"crypto/rand"
	"maps"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func (o Options) createSecret(tx *store.Tx, in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	if err := wire.Refuse(in, "InvalidParameterException", "AddReplicaRegions", "ForceOverwriteReplicaSecret", "Type"); err != nil {
		return nil, err
	}
	if err := checkName(in.Name); err != nil {
		return nil, err
	}
	if err := checkMeta(tx, in.Description, in.KmsKeyId); err != nil {
		return nil, err
	}
	val, given, err := newValue(in.SecretString, in.SecretBinary)
	if err != nil {
		return nil, err
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	s, there := store.Secrets.Get(tx, *in.Name)
	switch {
	case there && !s.Deleted.IsZero():
		return nil, badRequest("You can't create this secret because a secret with this name is already scheduled for deletion.")
	case there && given && o.holds(tx, s, id, val):
		return created(tx, s, id), nil // the call is repeated
	case there:
		return nil, exists("The operation failed because the secret %s already exists.", *in.Name)
	}
	s = model.Secret{Name: *in.Name, Suffix: randomSuffix(), Description: aws.ToString(in.Description), KMSKey: aws.ToString(in.KmsKeyId),
		Tags: tags, Created: tx.Now(), Changed: tx.Now()}
	if !given {
		store.Secrets.Put(tx, s)
		return created(tx, s, ""), nil
	}
	if s, err = o.addVersion(tx, s, id, val, []string{model.StageCurrent}); err != nil {
		return nil, err
	}
	store.Secrets.Put(tx, s)
	return created(tx, s, id), nil
}

func created(tx *store.Tx, s model.Secret, version string) *secretsmanager.CreateSecretOutput {
	return &secretsmanager.CreateSecretOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, VersionId: optional(version)}
}

// checkMeta checks what a secret is described with.
func checkMeta(tx *store.Tx, description, key *string) error {
	if err := checkLength("description", description, 0, maxDescription); err != nil {
		return err
	}
	return checkKey(key, tx.Scope())
}

// letters are what the end of an ARN is made of.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func randomSuffix() string {
	b := make([]byte, 6)
	for i := range b {
		b[i] = letters[random(len(letters))]
	}
	return string(b)
}

// random returns a number below n, which is at most 256, each as likely as the others.
func random(n int) int {
	for b := []byte{0}; ; {
		_, _ = rand.Read(b) // never fails
		if v := int(b[0]); v < 256/n*n {
			return v % n
		}
	}
}

func (o Options) updateSecret(tx *store.Tx, in *secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
	if err := wire.Refuse(in, "InvalidParameterException", "Type"); err != nil {
		return nil, err
	}
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := checkMeta(tx, in.Description, in.KmsKeyId); err != nil {
		return nil, err
	}
	val, given, err := newValue(in.SecretString, in.SecretBinary)
	if err != nil {
		return nil, err
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.UpdateSecretOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name}
	if in.Description != nil {
		s.Description = *in.Description
	}
	if in.KmsKeyId != nil {
		s.KMSKey = *in.KmsKeyId
	}
	s.Changed = tx.Now()
	if given {
		if s, err = o.addVersion(tx, s, id, val, []string{model.StageCurrent}); err != nil {
			return nil, err
		}
		out.VersionId = &id
	}
	store.Secrets.Put(tx, s)
	return out, nil
}

func describeSecret(tx *store.Tx, in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	s, err := find(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.DescribeSecretOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, Description: optional(s.Description), KmsKeyId: optional(s.KMSKey),
		CreatedDate: &s.Created, LastChangedDate: &s.Changed, LastAccessedDate: moment(s.Accessed), DeletedDate: moment(s.Deleted),
		Tags: sdkTags(s.Tags), VersionIdsToStages: versionsToStages(s)}, nil
}

// versionsToStages returns the staging labels by version; versions without one are left out.
func versionsToStages(s model.Secret) map[string][]string {
	all := map[string][]string{}
	for id := range maps.Values(s.Stages) {
		all[id] = s.StagesOf(id)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (o Options) deleteSecret(tx *store.Tx, in *secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
	force, days := aws.ToBool(in.ForceDeleteWithoutRecovery), int64(30)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < 7 || days > 30:
		return nil, invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	s, err := find(tx, in.SecretId)
	if err != nil {
		if force && isNotFound(err) {
			return deletedBefore(tx, *in.SecretId), nil
		}
		return nil, err
	}
	out := &secretsmanager.DeleteSecretOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name}
	if force {
		secrets.Remove(tx, s)
		out.DeletionDate = aws.Time(tx.Now())
		return out, nil
	}
	if !s.Deleted.IsZero() {
		return nil, secrets.Deleted()
	}
	s.Deleted, s.Ends = tx.Now(), tx.Now().Add(o.Scale.Of(time.Duration(days)*24*time.Hour))
	store.Secrets.Put(tx, s)
	out.DeletionDate = &s.Ends
	return out, nil
}

// deletedBefore answers a forced deletion of what is not there: that is no error, so that a deletion
// can be repeated.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func deletedBefore(tx *store.Tx, id string) *secretsmanager.DeleteSecretOutput {
	out := &secretsmanager.DeleteSecretOutput{Name: &id, DeletionDate: aws.Time(tx.Now())}
	if _, ok := model.ParseARN(id); ok {
		out.ARN = &id
	} else {
		out.ARN = aws.String(model.Secret{Name: id, Suffix: randomSuffix()}.ARN(tx.Scope()))
	}
	return out
}

func restoreSecret(tx *store.Tx, in *secretsmanager.RestoreSecretInput) (*secretsmanager.RestoreSecretOutput, error) {
	s, err := find(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	s.Deleted, s.Ends = time.Time{}, time.Time{}
	store.Secrets.Put(tx, s)
	return &secretsmanager.RestoreSecretOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name}, nil
}
