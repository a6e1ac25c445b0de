package ssm

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/optable"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var update = flag.Bool("update", false, "write docs/operations-ssm.md anew")

func TestOperationsTable(t *testing.T) {
	w := newWorld(t)
	optable.Table{Service: "ssm", Title: "AWS Systems Manager", Client: reflect.TypeFor[*ssm.Client](), Pascal: true,
		Ops: Service(w.store, Options{Vault: w.vault}).Ops, Known: known, Readers: []string{"api/ssm"},
		Why: func(string) string { return "only the Parameter Store is here" },
		Values: map[string][]string{
			"PutParameter":           {"KeyId other than alias/aws/ssm", "DataType aws:ssm:integration"},
			"AddTagsToResource":      {"ResourceType other than Parameter"},
			"RemoveTagsFromResource": {"ResourceType other than Parameter"},
			"ListTagsForResource":    {"ResourceType other than Parameter"},
		}}.Check(t, *update)
}

func TestPutParameter(t *testing.T) {
	w := newWorld(t)
	w.put("/app/db", "1")
	long := strings.Repeat("x", 4097)
	for _, c := range []struct {
		rule          string
		edit          func(in *ssm.PutParameterInput)
		code, message string
	}{
		{"what is there is overwritten only if asked for", func(in *ssm.PutParameterInput) { in.Name = aws.String("/app/db") },
			"ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."},
		{"a new parameter has a type", func(in *ssm.PutParameterInput) { in.Type = "" },
			"ValidationException", "A parameter type is required when you create a parameter."},
		{"a type stays", func(in *ssm.PutParameterInput) {
			in.Name, in.Type, in.Overwrite = aws.String("/app/db"), "SecureString", aws.Bool(true)
		}, "HierarchyTypeMismatchException", "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter."},
		{"a path begins with a slash", func(in *ssm.PutParameterInput) { in.Name = aws.String("app/x") },
			"ValidationException", "Parameter name must be a fully qualified name"},
		{"ssm is reserved", func(in *ssm.PutParameterInput) { in.Name = aws.String("SSMthing") },
			"ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`},
		{"aws is reserved", func(in *ssm.PutParameterInput) { in.Name = aws.String("/aws/x") },
			"AccessDeniedException", "No access to reserved parameter name: /aws/x."},
		{"few kinds of characters", func(in *ssm.PutParameterInput) { in.Name = aws.String("/a b") },
			"ValidationException", `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`},
		{"fifteen levels", func(in *ssm.PutParameterInput) { in.Name = aws.String(strings.Repeat("/x", 16)) },
			"HierarchyLevelLimitExceededException", "A parameter hierarchy can have a maximum of 15 levels."},
		{"4 KB in the standard tier", func(in *ssm.PutParameterInput) { in.Value = &long },
			"ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"},
		{"8 KB in the advanced tier", func(in *ssm.PutParameterInput) { in.Value, in.Tier = aws.String(long+long), "Advanced" },
			"ValidationException", "Advanced tier parameters support a maximum parameter value of 8192 characters."},
		{"a value is not empty, and not told", func(in *ssm.PutParameterInput) { in.Value = aws.String("") },
			"ValidationException", "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a value fits its pattern", func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String(`^\d+$`) },
			"ParameterPatternMismatchException", `Parameter value, cannot be validated against allowedPattern: ^\d+$`},
		{"a pattern is one", func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String(`(`) },
			"InvalidAllowedPatternException", "The request does not meet the regular expression requirement."},
		{"no nesting", func(in *ssm.PutParameterInput) { in.Value = aws.String("{{ssm:x}}") },
			"ValidationException", `Parameter value can't nest another parameter. Do not use "{{}}" in the value.`},
		{"a key is for secure strings", func(in *ssm.PutParameterInput) { in.KeyId = aws.String("alias/aws/ssm") },
			"ValidationException", "KeyId is required for SecureString type parameter only."},
		{"there is one key", func(in *ssm.PutParameterInput) { in.Type, in.KeyId = "SecureString", aws.String("alias/mine") },
			"ValidationException", "Drydock does not support the parameter KeyId other than alias/aws/ssm: leave it out."},
		{"no policies", func(in *ssm.PutParameterInput) { in.Policies = aws.String("[{}]") },
			"ValidationException", "Drydock does not support the parameter Policies."},
		{"no tags over what is there", func(in *ssm.PutParameterInput) {
			in.Overwrite, in.Tags = aws.Bool(true), []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		}, "ValidationException", "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := &ssm.PutParameterInput{Name: aws.String("/app/new"), Value: aws.String("x"), Type: "String"}
			c.edit(in)
			_, err := w.client.PutParameter(t.Context(), in)
			w.fails(err, c.code, c.message)
		})
	}
}

func TestTiers(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 5000)
	put := func(value string, tier types.ParameterTier) (types.ParameterTier, error) {
		out, err := w.client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("p"), Value: &value, Type: "String", Tier: tier, Overwrite: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return out.Tier, nil
	}
	for _, c := range []struct {
		value      string
		tier, want types.ParameterTier
	}{{"x", "", "Standard"}, {"x", "Intelligent-Tiering", "Standard"}, {long, "Intelligent-Tiering", "Advanced"}, {"x", "", "Advanced"}} {
		if got, err := put(c.value, c.tier); err != nil || got != c.want {
			t.Errorf("%+v: got %s, %v", c, got, err)
		}
	}
	_, err := put("x", "Standard")
	w.fails(err, "ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
}

func TestReferences(t *testing.T) {
	w := newWorld(t)
	for _, v := range []string{"1", "2", "3"} {
		w.put("/app/db", v)
	}
	w.put("flat", "f")
	if _, err := w.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("/app/db"), ParameterVersion: aws.Int64(1), Labels: []string{"prod", "9x", "awsy"}}); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:ssm:us-east-1:000000000000:parameter/"
	for reference, want := range map[string]string{"/app/db": "3", "/app/db:2": "2", "/app/db:prod": "1", arn + "app/db": "3", arn + "app/db:1": "1", arn + "flat": "f",
		"/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id": model.PublicImage("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")} {
		if got := w.get(reference); got != want {
			t.Errorf("%s: got %s, want %s", reference, got, want)
		}
	}
	out, err := w.client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/app/db:prod")})
	if err != nil || *out.Parameter.Name != "/app/db" || *out.Parameter.Selector != ":prod" || out.Parameter.Version != 1 || *out.Parameter.ARN != arn+"app/db" {
		t.Errorf("%+v %v", out, err)
	}
	for reference, want := range map[string][2]string{
		"/none":       {"ParameterNotFound", "Parameter /none not found."},
		"/app/db:4":   {"ParameterVersionNotFound", "Systems Manager could not find version 4 of /app/db. Verify the version and try again."},
		"/app/db:dev": {"ParameterVersionNotFound", "Systems Manager could not find label dev of /app/db. Verify the label and try again."},
	} {
		_, err := w.client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &reference})
		w.fails(err, want[0], want[1])
	}
	many, err := w.client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"flat", "/none", "/app/db:2"}})
	if err != nil || len(many.Parameters) != 2 || fmt.Sprint(many.InvalidParameters) != "[/none]" {
		t.Errorf("%+v %v", many, err)
	}
}

func TestSecureStrings(t *testing.T) {
	w := newWorld(t)
	const known = "known-plaintext-7c1d"
	w.putAs("/app/key", known, types.ParameterTypeSecureString)
	w.put("/app/plain", known+"2")
	if got := w.get("/app/key"); got != known {
		t.Errorf("got %s", got)
	}
	out, err := w.client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/app/key")})
	if err != nil || strings.Contains(*out.Parameter.Value, known) || len(*out.Parameter.Value) < len(known) {
		t.Errorf("%+v %v", out, err)
	}
	d, err := w.client.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{})
	if err != nil || len(d.Parameters) != 2 || *d.Parameters[0].KeyId != "alias/aws/ssm" || d.Parameters[1].KeyId != nil || *d.Parameters[0].LastModifiedUser != "arn:aws:iam::000000000000:root" {
		t.Errorf("%+v %v", d, err)
	}
	raw, err := os.ReadFile(w.path)
	if err != nil || bytes.Contains(raw, []byte(known)) {
		t.Error("a value stands in the state's file", err)
	}
}

func TestByPath(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"/app/a", "/app/b", "/app/db/host", "/app/db/port", "/application/x", "flat", "/top"} {
		w.put(name, "v")
	}
	if _, err := w.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("/app/b"), Labels: []string{"blue"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule, path string
		recursive  bool
		filter     []types.ParameterStringFilter
		want       string
	}{
		{"one level", "/app", false, nil, "[/app/a /app/b]"},
		{"with a slash at the end", "/app/", false, nil, "[/app/a /app/b]"},
		{"all levels", "/app", true, nil, "[/app/a /app/b /app/db/host /app/db/port]"},
		{"the root's own", "/", false, nil, "[/top flat]"},
		{"all", "/", true, nil, "[/app/a /app/b /app/db/host /app/db/port /application/x /top flat]"},
		{"none", "/none", true, nil, "[]"},
		{"by label", "/app", true, []types.ParameterStringFilter{{Key: aws.String("Label"), Values: []string{"blue"}}}, "[/app/b]"},
		{"by type", "/app", true, []types.ParameterStringFilter{{Key: aws.String("Type"), Option: aws.String("Equals"), Values: []string{"SecureString"}}}, "[]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for size := int32(1); size < 4; size++ {
				var got []string
				in := &ssm.GetParametersByPathInput{Path: &c.path, Recursive: &c.recursive, MaxResults: &size, ParameterFilters: c.filter}
				for p := ssm.NewGetParametersByPathPaginator(w.client, in); p.HasMorePages(); {
					out, err := p.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range out.Parameters {
						got = append(got, *p.Name)
					}
				}
				if fmt.Sprint(got) != c.want {
					t.Errorf("pages of %d: got %v, want %s", size, got, c.want)
				}
			}
		})
	}
	_, err := w.client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), NextToken: aws.String("x")})
	w.fails(err, "InvalidNextToken", "The specified token isn't valid.")
	_, err = w.client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Values: []string{"x"}}}})
	w.fails(err, "InvalidFilterKey", "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId, Label].")
	_, err = w.client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), MaxResults: aws.Int32(11)})
	w.fails(err, "ValidationException", "1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10")
}

func TestDescribeParameters(t *testing.T) {
	w := newWorld(t)
	w.put("/app/db", "v")
	w.put("/app/web/port", "v")
	w.putAs("/app/key", "v", types.ParameterTypeSecureString)
	if _, err := w.client.AddTagsToResource(t.Context(), &ssm.AddTagsToResourceInput{ResourceType: "Parameter", ResourceId: aws.String("/app/key"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}); err != nil {
		t.Fatal(err)
	}
	filter := func(key, option string, values ...string) types.ParameterStringFilter {
		f := types.ParameterStringFilter{Key: &key, Values: values}
		if option != "" {
			f.Option = &option
		}
		return f
	}
	for _, c := range []struct {
		rule string
		f    []types.ParameterStringFilter
		want string
	}{
		{"all", nil, "[/app/db /app/key /app/web/port]"},
		{"a name", []types.ParameterStringFilter{filter("Name", "", "/app/db", "x")}, "[/app/db]"},
		{"the beginning of a name", []types.ParameterStringFilter{filter("Name", "BeginsWith", "app/w")}, "[/app/web/port]"},
		{"part of a name", []types.ParameterStringFilter{filter("Name", "Contains", "eb/")}, "[/app/web/port]"},
		{"one level", []types.ParameterStringFilter{filter("Path", "", "/app")}, "[/app/db /app/key]"},
		{"all levels and a type", []types.ParameterStringFilter{filter("Path", "Recursive", "/app"), filter("Type", "", "String")}, "[/app/db /app/web/port]"},
		{"a key", []types.ParameterStringFilter{filter("KeyId", "", "alias/aws/ssm")}, "[/app/key]"},
		{"a tag", []types.ParameterStringFilter{filter("tag:team", "", "a")}, "[/app/key]"},
		{"another tag", []types.ParameterStringFilter{filter("tag:team", "", "b")}, "[]"},
		{"a tier", []types.ParameterStringFilter{filter("Tier", "", "Advanced")}, "[]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var got []string
			for p := ssm.NewDescribeParametersPaginator(w.client, &ssm.DescribeParametersInput{ParameterFilters: c.f, MaxResults: aws.Int32(1)}); p.HasMorePages(); {
				out, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range out.Parameters {
					got = append(got, *p.Name)
				}
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
	for _, c := range []struct {
		f             types.ParameterStringFilter
		code, message string
	}{
		{filter("Label", "", "x"), "InvalidFilterKey", "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier, DataType]."},
		{filter("Name", "Recursive", "x"), "InvalidFilterOption", "The following filter option is not valid: Recursive. Valid options include: [BeginsWith, Equals, Contains]."},
		{filter("Type", "", "x"), "InvalidFilterValue", "The following filter value is not valid: x. Valid values include: [String, StringList, SecureString]."},
		{filter("Name", ""), "InvalidFilterValue", "The following filter values are missing : null for filter key Name"},
	} {
		_, err := w.client.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{c.f}})
		w.fails(err, c.code, c.message)
	}
}

func TestHistoryAndLabels(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.put("p", fmt.Sprint(i+1))
	}
	label := func(version int64, labels ...string) (*ssm.LabelParameterVersionOutput, error) {
		return w.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("p"), ParameterVersion: &version, Labels: labels})
	}
	out, err := label(1, "a", "b", "9", "ssmx", "x/y")
	if err != nil || fmt.Sprint(out.InvalidLabels) != "[9 ssmx x/y]" {
		t.Fatal(out, err)
	}
	if _, err := label(2, "b"); err != nil {
		t.Fatal(err)
	}
	if got := w.history("p"); got != "1=1[a] 2=2[b] 3=3[]" {
		t.Errorf("got %s", got)
	}
	_, err = label(4, "c")
	w.fails(err, "ParameterVersionNotFound", "Systems Manager could not find version 4 of p. Verify the version and try again.")
	if _, err = label(1, "c", "d", "e", "f", "g", "h", "i", "j", "k"); err != nil {
		t.Fatal(err)
	}
	_, err = label(1, "l")
	w.fails(err, "ParameterVersionLabelLimitExceeded", "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.")
	un, err := w.client.UnlabelParameterVersion(t.Context(), &ssm.UnlabelParameterVersionInput{Name: aws.String("p"), ParameterVersion: aws.Int64(2), Labels: []string{"b", "a"}})
	if err != nil || fmt.Sprint(un.RemovedLabels, un.InvalidLabels) != "[b] [a]" {
		t.Error(un, err)
	}
}

// history is every version of a parameter with its labels.
func (w *world) history(name string) string {
	w.Helper()
	var got []string
	for p := ssm.NewGetParameterHistoryPaginator(w.client, &ssm.GetParameterHistoryInput{Name: &name, MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		out, err := p.NextPage(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, v := range out.Parameters {
			got = append(got, fmt.Sprint(v.Version, "=", *v.Value, v.Labels))
		}
	}
	return strings.Join(got, " ")
}

func TestTheOldestVersionGoes(t *testing.T) {
	w := newWorld(t)
	for i := range maxVersions {
		w.put("p", fmt.Sprint(i+1))
	}
	if _, err := w.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("p"), ParameterVersion: aws.Int64(2), Labels: []string{"held"}}); err != nil {
		t.Fatal(err)
	}
	w.put("p", "101")
	_, err := w.client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("p:1")})
	w.fails(err, "ParameterVersionNotFound", "Systems Manager could not find version 1 of p. Verify the version and try again.")
	_, err = w.client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("p"), Value: aws.String("x"), Overwrite: aws.Bool(true)})
	w.fails(err, "ParameterMaxVersionLimitExceeded", "You attempted to create a new version of p by calling the PutParameter API with the overwrite flag. Version 2, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.")
}

func TestDeletionAndTags(t *testing.T) {
	w := newWorld(t)
	w.put("a", "1")
	w.put("b", "1")
	out, err := w.client.DeleteParameters(t.Context(), &ssm.DeleteParametersInput{Names: []string{"a", "none"}})
	if err != nil || fmt.Sprint(out.DeletedParameters, out.InvalidParameters) != "[a] [none]" {
		t.Error(out, err)
	}
	_, err = w.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("a")})
	w.fails(err, "ParameterNotFound", "Parameter a not found.")
	w.put("a", "2")
	if got := w.history("a"); got != "1=2[]" {
		t.Errorf("versions do not begin anew: %s", got)
	}
	tags := &ssm.AddTagsToResourceInput{ResourceType: "Parameter", ResourceId: aws.String("b"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("l"), Value: aws.String("v")}}}
	if _, err := w.client.AddTagsToResource(t.Context(), tags); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.RemoveTagsFromResource(t.Context(), &ssm.RemoveTagsFromResourceInput{ResourceType: "Parameter", ResourceId: aws.String("b"), TagKeys: []string{"k"}}); err != nil {
		t.Fatal(err)
	}
	list, err := w.client.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: aws.String("b")})
	if err != nil || len(list.TagList) != 1 || *list.TagList[0].Key != "l" {
		t.Error(list, err)
	}
	tags.ResourceId = aws.String("none")
	_, err = w.client.AddTagsToResource(t.Context(), tags)
	w.fails(err, "InvalidResourceId", `The resource ID "none" is not valid. Verify the ID and try again.`)
	tags.ResourceType = "Document"
	_, err = w.client.AddTagsToResource(t.Context(), tags)
	w.fails(err, "InvalidResourceType", "The resource type Document is not valid. Drydock has resources of the type Parameter only.")
}
