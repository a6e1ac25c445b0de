package secretsmanager

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestASecretIsFoundByNameAndByARN(t *testing.T) {
	w := newWorld(t)
	arn, _ := w.create("prod/db", "hunter2")
	if !regexp.MustCompile(`^arn:aws:secretsmanager:us-east-1:000000000000:secret:prod/db-[A-Za-z0-9]{6}$`).MatchString(arn) {
		t.Errorf("got %s", arn)
	}
	partial := arn[:len(arn)-7]
	like, _ := w.create("prod/db-AbCdEf", "other") // a name that looks like an ARN's end
	for _, id := range []string{"prod/db", arn, partial} {
		w.has(id, "hunter2")
	}
	for _, id := range []string{"prod/db-AbCdEf", like, like[:len(like)-7]} {
		w.has(id, "other")
	}
	for _, id := range []string{"prod", "prod/db-", partial + "-ABCDEF", strings.Replace(arn, "us-east-1", "us-east-2", 1),
		"arn:aws:ssm:us-east-1:000000000000:secret:prod/db"} {
		_, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		w.fails(err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	far := strings.Replace(arn, "000000000000", "111111111111", 1) // of which it is not told whether it is there
	_, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &far})
	w.fails(err, "AccessDeniedException", "User: arn:aws:iam::000000000000:root is not authorized to perform: secretsmanager:GetSecretValue on resource: "+far+
		" because no resource-based policy allows the secretsmanager:GetSecretValue action")
}

func TestCreateSecret(t *testing.T) {
	w := newWorld(t)
	w.create("taken", "x")
	long := strings.Repeat("x", 64<<10+1)
	for _, c := range []struct {
		rule          string
		edit          func(in *secretsmanager.CreateSecretInput)
		code, message string
	}{
		{"a name is taken once", func(in *secretsmanager.CreateSecretInput) { in.Name = aws.String("taken") },
			"ResourceExistsException", "The operation failed because the secret taken already exists."},
		{"names have few kinds of characters", func(in *secretsmanager.CreateSecretInput) { in.Name = aws.String("a b") },
			"ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"},
		{"a name is not empty", func(in *secretsmanager.CreateSecretInput) { in.Name = aws.String("") },
			"ValidationException", "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"one kind of value", func(in *secretsmanager.CreateSecretInput) { in.SecretBinary = []byte("x") },
			"InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret."},
		{"a value has 64 KiB, and is not told", func(in *secretsmanager.CreateSecretInput) { in.SecretString = &long },
			"ValidationException", "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"a token has 32 characters", func(in *secretsmanager.CreateSecretInput) { in.ClientRequestToken = aws.String("short") },
			"ValidationException", "1 validation error detected: Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32"},
		{"there are no replicas", func(in *secretsmanager.CreateSecretInput) {
			in.AddReplicaRegions = []types.ReplicaRegionType{{Region: aws.String("eu-west-1")}}
		},
			"InvalidParameterException", "Drydock does not support the parameter AddReplicaRegions."},
		{"there is one key", func(in *secretsmanager.CreateSecretInput) { in.KmsKeyId = aws.String("alias/mine") },
			"InvalidParameterException", "Drydock does not support the parameter KmsKeyId other than alias/aws/secretsmanager: leave it out."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := &secretsmanager.CreateSecretInput{Name: aws.String("new"), SecretString: aws.String("x")}
			c.edit(in)
			_, err := w.client.CreateSecret(t.Context(), in)
			w.fails(err, c.code, c.message)
		})
	}
}

func TestCallsCanBeRepeated(t *testing.T) {
	w := newWorld(t)
	token := "11111111-2222-3333-4444-555555555555"
	create := &secretsmanager.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("1"), ClientRequestToken: &token}
	first, err := w.client.CreateSecret(t.Context(), create)
	if err != nil || *first.VersionId != token {
		t.Fatal(first, err)
	}
	if again, err := w.client.CreateSecret(t.Context(), create); err != nil || *again.ARN != *first.ARN {
		t.Fatal(again, err)
	}
	put := &secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: aws.String("1"), ClientRequestToken: &token}
	w.put(put)
	put.SecretString = aws.String("2")
	_, err = w.client.PutSecretValue(t.Context(), put)
	w.fails(err, "ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
	_, err = w.client.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: aws.String("db"), SecretString: aws.String("1"), ClientRequestToken: &token})
	w.fails(err, "ResourceExistsException", "You can't modify an existing version, you can only create a new version.")
	w.has("db", "1")
}

func TestVersionsAndTheirLabels(t *testing.T) {
	w := newWorld(t)
	db := aws.String("db")
	_, one := w.create("db", "1")
	two := w.put(&secretsmanager.PutSecretValueInput{SecretId: db, SecretBinary: []byte("2")})
	three := w.put(&secretsmanager.PutSecretValueInput{SecretId: db, SecretString: aws.String("3"), VersionStages: []string{"blue"}})
	w.stages("one is previous, two current, three blue", map[string]string{one: "[AWSPREVIOUS]", two: "[AWSCURRENT]", three: "[blue]"})
	got, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: db})
	if err != nil || string(got.SecretBinary) != "2" || got.SecretString != nil || !slices.Equal(got.VersionStages, []string{"AWSCURRENT"}) {
		t.Errorf("%+v %v", got, err)
	}
	for stage, want := range map[string]string{"AWSPREVIOUS": "1", "blue": "3"} {
		got, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: db, VersionStage: &stage})
		if err != nil || aws.ToString(got.SecretString) != want {
			t.Errorf("%s: %+v %v", stage, got, err)
		}
	}
	none := strings.Repeat("0", 32)
	for _, c := range []struct {
		version, stage *string
		code, message  string
	}{
		{nil, aws.String("green"), "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: green"},
		{&none, nil, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: " + none},
		{&one, aws.String("blue"), "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."},
	} {
		_, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: db, VersionId: c.version, VersionStage: c.stage})
		w.fails(err, c.code, c.message)
	}
	for _, c := range []struct {
		rule            string
		stage, to, from *string
		message         string
	}{
		{"a label is taken from where it is", aws.String("AWSCURRENT"), &three, nil, "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version " + two + ", so you must explicitly reference that version in RemoveFromVersionId."},
		{"and from nowhere else", aws.String("AWSCURRENT"), &three, &one, "The parameter RemoveFromVersionId is not valid. Staging label AWSCURRENT is not attached to version " + one + "."},
		{"AWSCURRENT is somewhere", aws.String("AWSCURRENT"), nil, &two, "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."},
	} {
		_, err := w.client.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: db, VersionStage: c.stage, MoveToVersionId: c.to, RemoveFromVersionId: c.from})
		w.fails(err, "InvalidParameterException", c.message)
	}
	if _, err := w.client.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: db, VersionStage: aws.String("AWSCURRENT"),
		MoveToVersionId: &three, RemoveFromVersionId: &two}); err != nil {
		t.Fatal(err)
	}
	w.stages("what loses AWSCURRENT gets AWSPREVIOUS", map[string]string{two: "[AWSPREVIOUS]", three: "[AWSCURRENT blue]"})
	w.has("db", "3")
}

// stages compares the labels of the secret db.
func (w *world) stages(rule string, want map[string]string) {
	w.Helper()
	out, err := w.client.DescribeSecret(w.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")})
	if err != nil {
		w.Fatal(err)
	}
	got := map[string]string{}
	for id, labels := range out.VersionIdsToStages {
		got[id] = fmt.Sprint(labels)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("%s: got %v, want %v", rule, got, want)
	}
}

func TestASecretWithoutValue(t *testing.T) {
	w := newWorld(t)
	out, err := w.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("empty")})
	if err != nil || out.VersionId != nil {
		t.Fatal(out, err)
	}
	_, err = w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("empty")})
	w.fails(err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	_, err = w.client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("empty")})
	w.fails(err, "InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	w.put(&secretsmanager.PutSecretValueInput{SecretId: aws.String("empty"), SecretString: aws.String("1"), VersionStages: []string{"blue"}})
	w.has("empty", "1") // the first version is AWSCURRENT as well
}

func TestVersionsAreLimited(t *testing.T) {
	w := newWorld(t)
	w.create("db", "0")
	for i := range maxVersions - 1 {
		w.put(&secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: aws.String(fmt.Sprint(i))})
	}
	one := &secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: aws.String("one more")}
	_, err := w.client.PutSecretValue(t.Context(), one)
	w.fails(err, "LimitExceededException", "You can't have more than 100 versions of a secret.")
	w.update(func(tx *store.Tx) { // two days pass
		for v := range store.SecretVersions.All(tx) {
			v.Created = v.Created.Add(-48 * time.Hour)
			store.SecretVersions.Put(tx, v)
		}
	})
	w.put(one)
	w.has("db", "one more")
	out, err := w.client.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("db"), IncludeDeprecated: aws.Bool(true)})
	if err != nil || len(out.Versions) != maxVersions {
		t.Error(len(out.Versions), err)
	}
}

func (w *world) update(fn func(*store.Tx)) {
	w.Helper()
	if err := w.store.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func TestDeletion(t *testing.T) {
	w := newWorld(t)
	db := aws.String("db")
	arn, _ := w.create("db", "1")
	for message, in := range map[string]*secretsmanager.DeleteSecretInput{
		"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).":          {SecretId: db, RecoveryWindowInDays: aws.Int64(6)},
		"You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.": {SecretId: db, RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)},
	} {
		_, err := w.client.DeleteSecret(t.Context(), in)
		w.fails(err, "InvalidParameterException", message)
	}
	out, err := w.client.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: db, RecoveryWindowInDays: aws.Int64(7)})
	if err != nil || *out.ARN != arn || time.Until(*out.DeletionDate).Round(time.Hour) != 7*24*time.Hour {
		t.Fatal(out, err)
	}
	const marked = "You can't perform this operation on the secret because it was marked for deletion."
	for _, call := range []func() error{
		func() error {
			_, err := w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: db})
			return err
		},
		func() error {
			_, err := w.client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: db, SecretString: aws.String("2")})
			return err
		},
		func() error {
			_, err := w.client.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: db, Description: aws.String("2")})
			return err
		},
		func() error {
			_, err := w.client.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: db, Tags: []types.Tag{{Key: aws.String("k")}}})
			return err
		},
	} {
		w.fails(call(), "InvalidRequestException", marked)
	}
	_, err = w.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: db})
	w.fails(err, "InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
	if d, err := w.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: db}); err != nil || d.DeletedDate == nil {
		t.Error(d, err)
	}
	if _, err := w.client.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: db}); err != nil {
		t.Fatal(err)
	}
	w.has("db", "1")
	force := &secretsmanager.DeleteSecretInput{SecretId: db, ForceDeleteWithoutRecovery: aws.Bool(true)}
	for range 2 { // what is not there is no error
		if _, err := w.client.DeleteSecret(t.Context(), force); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := w.create("db", "3")
	if again == arn {
		t.Error("a new secret has the old one's ARN")
	}
	_, err = w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	w.fails(err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func TestNoValueStandsInTheFile(t *testing.T) {
	w := newWorld(t)
	const known = "known-plaintext-7c1d"
	w.create("db", known)
	w.put(&secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretBinary: []byte(known + "2")})
	if _, err := w.client.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: aws.String("db"), SecretString: aws.String(known + "3")}); err != nil {
		t.Fatal(err)
	}
	w.has("db", known+"3")
	raw, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(known)) || bytes.Contains(raw, []byte("a25vd24tcGxhaW50ZXh0")) { // base64 of it
		t.Error("a value stands in the state's file")
	}
	w.update(func(tx *store.Tx) {
		for v := range store.SecretVersions.All(tx) {
			v.Value = append([]byte{v.Value[0] ^ 1}, v.Value[1:]...)
			store.SecretVersions.Put(tx, v)
		}
	})
	_, err = w.client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("db")})
	w.fails(err, "DecryptionFailure", "Secrets Manager can't decrypt the secret value: it was not encrypted with the data key of this daemon.")
}

func TestReadingNotesTheDay(t *testing.T) {
	w := newWorld(t)
	w.create("db", "1")
	if d, _ := w.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")}); d.LastAccessedDate != nil {
		t.Error("read before anybody did")
	}
	w.has("db", "1")
	before := w.store.Commits()
	w.has("db", "1")
	if w.store.Commits() != before {
		t.Error("a second reading of the same day writes")
	}
	d, err := w.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")})
	if err != nil || !d.LastAccessedDate.Equal(time.Now().UTC().Truncate(24*time.Hour)) {
		t.Error(d, err)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	w.create("db", "1")
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	if _, err := w.client.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String("db"), Tags: []types.Tag{tag("a", "1"), tag("b", "2"), tag("a", "3")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UntagResource(t.Context(), &secretsmanager.UntagResourceInput{SecretId: aws.String("db"), TagKeys: []string{"b", "none"}}); err != nil {
		t.Fatal(err)
	}
	d, err := w.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")})
	if err != nil || len(d.Tags) != 1 || *d.Tags[0].Value != "3" {
		t.Error(d, err)
	}
	_, err = w.client.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String("db"), Tags: []types.Tag{tag("aws:x", "")}})
	w.fails(err, "InvalidParameterException", "Tag keys that begin with aws: are reserved for system use.")
	var many []types.Tag
	for i := range 51 {
		many = append(many, tag(fmt.Sprint(i), ""))
	}
	_, err = w.client.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String("db"), Tags: many})
	w.fails(err, "InvalidParameterException", "The number of tags exceeds the maximum of 50 tags per secret.")
}

func TestBatchGetSecretValue(t *testing.T) {
	w := newWorld(t)
	w.create("a", "1")
	w.create("b", "2")
	out, err := w.client.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"b", "none", "a"}})
	if err != nil || len(out.SecretValues) != 2 || *out.SecretValues[0].SecretString != "2" || len(out.Errors) != 1 || *out.Errors[0].ErrorCode != "ResourceNotFoundException" {
		t.Fatalf("%+v %v", out, err)
	}
	page, err := w.client.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{Filters: filtered("all", "a", "b").Filters, MaxResults: aws.Int32(1)})
	if err != nil || len(page.SecretValues) != 1 || page.NextToken == nil {
		t.Fatalf("%+v %v", page, err)
	}
	_, err = w.client.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{})
	w.fails(err, "InvalidParameterException", "You must provide either SecretIdList or Filters.")
}

func TestRandomPasswords(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		rule string
		in   secretsmanager.GetRandomPasswordInput
		want string
	}{
		{"32 of all kinds", secretsmanager.GetRandomPasswordInput{}, `^[!-~]{32}$`},
		{"digits alone", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(300), ExcludeLowercase: aws.Bool(true), ExcludeUppercase: aws.Bool(true), ExcludePunctuation: aws.Bool(true)}, `^[0-9]{300}$`},
		{"some characters never", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(1000), ExcludeCharacters: aws.String("aB3/")}, `^[^aB3/]{1000}$`},
		{"each kind once", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(2), ExcludePunctuation: aws.Bool(true), ExcludeNumbers: aws.Bool(true)}, `^([a-z][A-Z]|[A-Z][a-z])$`},
		{"a blank", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(5), IncludeSpace: aws.Bool(true)}, ` `},
	} {
		t.Run(c.rule, func(t *testing.T) {
			out, err := w.client.GetRandomPassword(t.Context(), &c.in)
			if err != nil || !regexp.MustCompile(c.want).MatchString(*out.RandomPassword) {
				t.Errorf("%v %v", out, err)
			}
		})
	}
	_, err := w.client.GetRandomPassword(t.Context(), &secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(3)})
	w.fails(err, "InvalidParameterException", "The password length is too short based on the required types.")
}

func TestScopesAreApart(t *testing.T) {
	w := newWorld(t)
	w.create("db", "1")
	_ = w.store.View(model.Scope{Account: scope.Account, Region: "us-east-2"}, func(tx *store.Tx) error {
		for s := range store.Secrets.All(tx) {
			t.Error(s)
		}
		return nil
	})
}

func TestRotationIsRefusedByName(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: aws.String("db")})
	w.fails(err, "UnsupportedOperationException", "Drydock does not serve secretsmanager:RotateSecret.")
}
