package ssm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// TestPublicParameters: those of the ECS-optimised images, as AWS serves them.
func TestPublicParameters(t *testing.T) {
	w := newWorld(t)
	const base = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
	out, err := w.client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{base + "/recommended", base + "/arm64/recommended/image_id", base + "/gpu/recommended"}})
	if err != nil || len(out.Parameters) != 2 || fmt.Sprint(out.InvalidParameters) != "["+base+"/gpu/recommended]" {
		t.Fatalf("got %+v, %v", out, err)
	}
	whole := out.Parameters[0]
	var told struct {
		ID     string `json:"image_id"`
		OS     string
		Schema int `json:"schema_version"`
	}
	if err := json.Unmarshal([]byte(*whole.Value), &told); err != nil || told.ID != w.get(base+"/recommended/image_id") || told.OS != "Amazon Linux 2023" || told.Schema != 1 {
		t.Errorf("got %s, %v", *whole.Value, err)
	}
	if *whole.ARN != "arn:aws:ssm:us-east-1::parameter"+base+"/recommended" || *whole.DataType != "text" || whole.Type != types.ParameterTypeString || whole.LastModifiedDate == nil {
		t.Errorf("got %+v", whole)
	}
	if arm := *out.Parameters[1].Value; arm == told.ID || !strings.HasPrefix(arm, "ami-") {
		t.Errorf("got %s", arm)
	}
}

func TestPublicParametersByPath(t *testing.T) {
	w := newWorld(t)
	w.put("/own", "v")
	const base = "/aws/service/ecs/optimized-ami/amazon-linux-2"
	list := func(path string, recursive bool, filters ...types.ParameterStringFilter) (names []string) {
		in := &ssm.GetParametersByPathInput{Path: &path, Recursive: &recursive, ParameterFilters: filters, MaxResults: aws.Int32(3)}
		for p := ssm.NewGetParametersByPathPaginator(w.client, in); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range page.Parameters {
				names = append(names, strings.TrimPrefix(*q.Name, base))
			}
		}
		return names
	}
	const members = "/recommended/ecs_agent_version /recommended/ecs_runtime_version /recommended/image_id /recommended/image_name " +
		"/recommended/image_version /recommended/os /recommended/schema_version /recommended/source_image_name"
	for rule, c := range map[string]struct {
		got  []string
		want string
	}{
		"what an image has":           {list(base+"/recommended", false), "[" + members + "]"},
		"one level":                   {list(base, false), "[/recommended]"},
		"one's own are not among":     {list("/aws/service/none", true), "[]"},
		"nor these among one's own":   {list("/", true), "[/own]"},
		"a filter that takes none":    {list(base+"/recommended", false, types.ParameterStringFilter{Key: aws.String("Type"), Values: []string{"SecureString"}}), "[]"},
		"a filter that takes all":     {list(base, false, types.ParameterStringFilter{Key: aws.String("Type"), Values: []string{"String"}}), "[/recommended]"},
		"nobody labels what is AWS's": {list(base, false, types.ParameterStringFilter{Key: aws.String("Label"), Values: []string{"x"}}), "[]"},
	} {
		if got := fmt.Sprint(c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", rule, got, c.want)
		}
	}
	if all := list("/aws/service/ecs", true); len(all) != 36 || !slices.IsSorted(all) {
		t.Errorf("got %d: %v", len(all), all)
	}
}

func TestParametersOfImages(t *testing.T) {
	w := newWorld(t)
	put := func(in ssm.PutParameterInput) error {
		in.Name, in.Overwrite = aws.String("/golden"), aws.Bool(true)
		_, err := w.client.PutParameter(t.Context(), &in)
		return err
	}
	image := aws.String("aws:ec2:image")
	w.fails(put(ssm.PutParameterInput{Type: "String", Value: aws.String("x"), DataType: image}), "ValidationException",
		"The value of a parameter of the data type aws:ec2:image must be the ID of an Amazon Machine Image, such as ami-12345abcdeEXAMPLE.")
	w.fails(put(ssm.PutParameterInput{Type: "SecureString", Value: aws.String("ami-1"), DataType: image}), "ValidationException",
		"The data type aws:ec2:image is supported for parameters of the type String only.")
	w.fails(put(ssm.PutParameterInput{Type: "String", Value: aws.String("ami-1"), DataType: aws.String("aws:ssm:integration")}), "ValidationException",
		"Drydock does not support the parameter DataType aws:ssm:integration.")
	if err := put(ssm.PutParameterInput{Type: "String", Value: aws.String("ami-0000000000000000a"), DataType: image}); err != nil {
		t.Fatal(err)
	}
	w.fails(put(ssm.PutParameterInput{Value: aws.String("x")}), "ValidationException",
		"The value of a parameter of the data type aws:ec2:image must be the ID of an Amazon Machine Image, such as ami-12345abcdeEXAMPLE.")
	if err := put(ssm.PutParameterInput{Value: aws.String("text again"), DataType: aws.String("text")}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: aws.String("/golden")})
	if err != nil || len(out.Parameters) != 2 || *out.Parameters[0].DataType != "aws:ec2:image" || *out.Parameters[1].DataType != "text" {
		t.Errorf("got %+v, %v", out, err)
	}
}
