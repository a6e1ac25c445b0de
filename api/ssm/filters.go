package ssm

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// The keys of filters, but for tag:KEY of DescribeParameters.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
var (
	described = []string{"Path", "Name", "Type", "KeyId", "Tier", "DataType"}
	byPath    = []string{"Type", "KeyId", "Label"}
)

// checkFilters applies the rules of filters; keys are those that the operation takes.
func checkFilters(filters []types.ParameterStringFilter, keys []string) error {
	for i, f := range filters {
		if err := required("parameterFilters."+number(int64(i+1))+".member.key", f.Key); err != nil {
			return err
		}
		k, option := *f.Key, aws.ToString(f.Option)
		tag := strings.HasPrefix(k, "tag:") && len(k) > len("tag:") && slices.Contains(keys, "Name")
		switch {
		case !tag && !slices.Contains(keys, k):
			return invalidKey("The following filter key is not valid: %s. Valid filter keys include: [%s].", k, strings.Join(keys, ", "))
		case slices.ContainsFunc(filters[:i], func(o types.ParameterStringFilter) bool { return aws.ToString(o.Key) == k }):
			return invalidKey("The following filter is duplicated in the request: %s. A request can contain only one occurrence of a specific filter.", k)
		case len(f.Values) == 0 && !tag:
			return invalidValue("The following filter values are missing : null for filter key %s", k)
		case len(f.Values) > 50:
			return invalidValue("The filter %s can have at most 50 values.", k)
		}
		options := optionsOf(k, tag)
		if option != "" && !slices.Contains(options, option) {
			return &types.InvalidFilterOption{Message: aws.String("The following filter option is not valid: " + option + ". Valid options include: [" + strings.Join(options, ", ") + "].")}
		}
		if err := checkValues(k, f.Values); err != nil {
			return err
		}
	}
	return nil
}

func optionsOf(key string, tag bool) []string {
	switch {
	case key == "Path":
		return []string{"Recursive", "OneLevel"}
	case key == "Name":
		return []string{"BeginsWith", "Equals", "Contains"}
	case key == "Label" || key == "Tier" || key == "DataType" || tag:
		return []string{"Equals"}
	}
	return []string{"BeginsWith", "Equals"}
}

func checkValues(key string, values []string) error {
	known := map[string][]string{"Type": {"String", "StringList", "SecureString"}, "Tier": {"Standard", "Advanced", "Intelligent-Tiering"}}[key]
	for _, v := range values {
		switch {
		case known != nil && !slices.Contains(known, v):
			return invalidValue("The following filter value is not valid: %s. Valid values include: [%s].", v, strings.Join(known, ", "))
		case key == "Path":
			if err := checkPath(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// filtered returns the version of a parameter that is shown, and whether every filter takes it. It is
// the newest, but for a filter by label.
func filtered(tx *store.Tx, p model.Parameter, filters []types.ParameterStringFilter) (model.ParameterVersion, bool) {
	shown := p.Version
	for _, f := range filters {
		if *f.Key != "Label" {
			continue
		}
		i := slices.IndexFunc(f.Values, func(l string) bool { return p.Labels[l] > 0 })
		if i < 0 {
			return model.ParameterVersion{}, false
		}
		shown = p.Labels[f.Values[i]]
	}
	v, ok := store.ParameterVersions.Get(tx, model.ParameterVersionKey(p.Name, shown))
	return v, ok && takesAll(filters, p, v)
}

func takesAll(filters []types.ParameterStringFilter, p model.Parameter, v model.ParameterVersion) bool {
	return !slices.ContainsFunc(filters, func(f types.ParameterStringFilter) bool { return !takes(f, p, v) })
}

// takes reports whether one of a filter's values fits.
func takes(f types.ParameterStringFilter, p model.Parameter, v model.ParameterVersion) bool {
	option := aws.ToString(f.Option)
	if key, ok := strings.CutPrefix(*f.Key, "tag:"); ok {
		return slices.ContainsFunc(p.Tags, func(t model.Tag) bool {
			return t.Key == key && (len(f.Values) == 0 || slices.Contains(f.Values, t.Value))
		})
	}
	return slices.ContainsFunc(f.Values, func(want string) bool {
		switch *f.Key {
		case "Path":
			return below(p.Name, want, option == "Recursive")
		case "Name": // with and without the slash, as the console has it
			return fits(option, p.Name, want) || fits(option, strings.TrimPrefix(p.Name, "/"), want)
		case "Type":
			return fits(option, v.Type, want)
		case "KeyId":
			return fits(option, v.KMSKey, want)
		case "Tier":
			return fits(option, v.Tier, want)
		case "DataType":
			return fits(option, v.Data(), want)
		}
		return p.Labels[want] == v.Version // Label chose the version
	})
}

func fits(option, has, want string) bool {
	switch option {
	case "BeginsWith":
		return strings.HasPrefix(has, want)
	case "Contains":
		return strings.Contains(has, want)
	}
	return has == want
}
