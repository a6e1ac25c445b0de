package secretsmanager

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func listSecrets(tx *store.Tx, in *secretsmanager.ListSecretsInput) (*secretsmanager.ListSecretsOutput, error) {
	all, err := matching(tx, in.Filters, aws.ToBool(in.IncludePlannedDeletion))
	if err != nil {
		return nil, err
	}
	order, err := orderOf(in.SortBy, in.SortOrder)
	if err != nil {
		return nil, err
	}
	desc := in.SortOrder != types.SortOrderTypeAsc
	sortBy(all, desc, order)
	p, err := newPage(*in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.ListSecretsOutput{SecretList: []types.SecretListEntry{}}
	all, out.NextToken = cut(p, all, desc, order)
	for _, s := range all {
		out.SecretList = append(out.SecretList, types.SecretListEntry{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, Description: optional(s.Description),
			KmsKeyId: optional(s.KMSKey), CreatedDate: &s.Created, LastChangedDate: &s.Changed, LastAccessedDate: moment(s.Accessed),
			DeletedDate: moment(s.Deleted), Tags: sdkTags(s.Tags), SecretVersionsToStages: versionsToStages(s)})
	}
	return out, nil
}

// matching returns the secrets that every filter takes, in the order of their names.
func matching(tx *store.Tx, filters []types.Filter, deleted bool) (all []model.Secret, err error) {
	if err := checkFilters(filters); err != nil {
		return nil, err
	}
	for s := range store.Secrets.All(tx) {
		if (deleted || s.Deleted.IsZero()) && !slices.ContainsFunc(filters, func(f types.Filter) bool { return !takes(f, s, tx.Scope()) }) {
			all = append(all, s)
		}
	}
	return all, nil
}

func checkFilters(filters []types.Filter) error {
	if len(filters) > 10 {
		return breaks("", "filters", "have length less than or equal to 10")
	}
	for _, f := range filters {
		switch {
		case f.Key == "":
			return invalid("Invalid filter key")
		case !slices.Contains(f.Key.Values(), f.Key):
			return breaks(string(f.Key), "filters.key", "satisfy enum value set: [all, description, name, owning-service, primary-region, tag-key, tag-value]")
		case len(f.Values) == 0:
			return invalid("Invalid filter values for key: %s", f.Key)
		case len(f.Values) > 10:
			return breaks("", "filters.values", "have length less than or equal to 10")
		}
	}
	return nil
}

// takes reports whether one of a filter's values fits. A value that begins with an exclamation mark
// fits what it would not fit without.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
func takes(f types.Filter, s model.Secret, sc model.Scope) bool {
	var keys, values []string
	for _, t := range s.Tags {
		keys, values = append(keys, t.Key), append(values, t.Value)
	}
	return slices.ContainsFunc(f.Values, func(v string) bool {
		v, not := strings.CutPrefix(v, "!")
		switch f.Key {
		case types.FilterNameStringTypeName:
			return begins(v, s.Name) != not
		case types.FilterNameStringTypeDescription:
			return words(v, s.Description) != not
		case types.FilterNameStringTypeTagKey:
			return begins(v, keys...) != not
		case types.FilterNameStringTypeTagValue:
			return begins(v, values...) != not
		case types.FilterNameStringTypePrimaryRegion, types.FilterNameStringTypeOwningService:
			return not // no secret is a replica or another service's
		}
		return words(v, append(append([]string{s.Name, s.Description, s.ARN(sc)}, keys...), values...)...) != not
	})
}

func begins(prefix string, in ...string) bool {
	return slices.ContainsFunc(in, func(s string) bool { return strings.HasPrefix(s, prefix) })
}

// words reports whether each word of what is looked for begins some word of what there is, in
// whatever case.
func words(wanted string, in ...string) bool {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" \t\n/-_+=.@!:,;", r) })
	}
	var there []string
	for _, s := range in {
		there = append(there, split(s)...)
	}
	looked := split(wanted)
	return len(looked) > 0 && !slices.ContainsFunc(looked, func(w string) bool { return !begins(w, there...) })
}

// orderOf returns what secrets are sorted by: when they were made, if nothing else is asked for.
func orderOf(by types.SortByType, order types.SortOrderType) (func(model.Secret) string, error) {
	if order != "" && !slices.Contains(order.Values(), order) {
		return nil, breaks(string(order), "sortOrder", "satisfy enum value set: [asc, desc]")
	}
	switch by {
	case "", types.SortByTypeCreatedDate:
		return func(s model.Secret) string { return byTime(s.Created, s.Name) }, nil
	case types.SortByTypeLastAccessedDate:
		return func(s model.Secret) string { return byTime(s.Accessed, s.Name) }, nil
	case types.SortByTypeLastChangedDate:
		return func(s model.Secret) string { return byTime(s.Changed, s.Name) }, nil
	case types.SortByTypeName:
		return model.Secret.Key, nil
	}
	return nil, breaks(string(by), "sortBy", "satisfy enum value set: [created-date, last-accessed-date, last-changed-date, name]")
}

func sortBy[T any](all []T, desc bool, order func(T) string) {
	slices.SortFunc(all, func(a, b T) int {
		if desc {
			a, b = b, a
		}
		return strings.Compare(order(a), order(b))
	})
}

func listSecretVersionIDs(tx *store.Tx, in *secretsmanager.ListSecretVersionIdsInput) (*secretsmanager.ListSecretVersionIdsOutput, error) {
	s, err := find(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	p, err := newPage(*in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	var all []model.SecretVersion
	for v := range store.SecretVersions.From(tx, model.SecretVersionPrefix(s.Name), "") {
		if aws.ToBool(in.IncludeDeprecated) || len(s.StagesOf(v.ID)) > 0 {
			all = append(all, v)
		}
	}
	newest := func(v model.SecretVersion) string { return byTime(v.Created, v.ID) }
	sortBy(all, true, newest)
	out := &secretsmanager.ListSecretVersionIdsOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, Versions: []types.SecretVersionsListEntry{}}
	all, out.NextToken = cut(p, all, true, newest)
	for _, v := range all {
		out.Versions = append(out.Versions, types.SecretVersionsListEntry{VersionId: &v.ID, VersionStages: s.StagesOf(v.ID), CreatedDate: &v.Created,
			LastAccessedDate: moment(v.Accessed), KmsKeyIds: []string{"DefaultEncryptionKey"}})
	}
	return out, nil
}
