package ec2

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

func TestMetadataOptions(t *testing.T) {
	before := model.MetadataOptions{Tokens: true, HopLimit: 3}
	for _, c := range []struct {
		rule string
		in   *MetadataSpecification
		want model.MetadataOptions
		fail string
	}{
		{"nothing asked changes nothing", nil, before, ""},
		{"nothing given changes nothing", &MetadataSpecification{}, before, ""},
		{"tokens may be optional", &MetadataSpecification{HttpTokens: ptr("optional")}, model.MetadataOptions{HopLimit: 3}, ""},
		{"the endpoint may be off", &MetadataSpecification{HttpEndpoint: ptr("disabled")}, model.MetadataOptions{Off: true, Tokens: true, HopLimit: 3}, ""},
		{"tags may be told", &MetadataSpecification{InstanceMetadataTags: ptr("enabled")}, model.MetadataOptions{Tags: true, Tokens: true, HopLimit: 3}, ""},
		{"a token may go further", &MetadataSpecification{HttpPutResponseHopLimit: ptr(int32(64))}, model.MetadataOptions{Tokens: true, HopLimit: 64}, ""},
		{"but not that far", &MetadataSpecification{HttpPutResponseHopLimit: ptr(int32(65))}, before, "InvalidParameterValue"},
		{"nor nowhere", &MetadataSpecification{HttpPutResponseHopLimit: ptr(int32(0))}, before, "InvalidParameterValue"},
		{"another word", &MetadataSpecification{HttpTokens: ptr("yes")}, before, "InvalidParameterValue"},
		{"IPv6 does not act", &MetadataSpecification{HttpProtocolIpv6: ptr("enabled")}, before, "UnsupportedOperation"},
		{"to have none is what there is", &MetadataSpecification{HttpProtocolIpv6: ptr("disabled")}, before, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := metadataOptions(c.in, before)
			switch {
			case (err != nil) != (c.fail != ""):
				t.Errorf("got %v, want %q", err, c.fail)
			case err == nil && got != c.want:
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestMetadataOptionsAreShown(t *testing.T) {
	want := MetadataOptions{"applied", "optional", 2, "enabled", "disabled", "disabled"}
	if got := renderMetadata(model.MetadataOptions{}); got != want {
		t.Errorf("got %+v", got)
	}
	want = MetadataOptions{"applied", "required", 1, "disabled", "disabled", "enabled"}
	if got := renderMetadata(model.MetadataOptions{Off: true, Tokens: true, HopLimit: 1, Tags: true}); got != want {
		t.Errorf("got %+v", got)
	}
}
