package ec2

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// MetadataSpecification says how an instance may ask for its metadata.
type MetadataSpecification struct {
	HttpEndpoint, HttpTokens, InstanceMetadataTags *string

	HttpPutResponseHopLimit *int32
	HttpProtocolIpv6        *string
}

// MetadataOptions is how it may.
type MetadataOptions struct {
	State                   string
	HttpTokens              string
	HttpPutResponseHopLimit int
	HttpEndpoint            string
	HttpProtocolIpv6        string
	InstanceMetadataTags    string
}

const (
	enabled  = "enabled"
	disabled = "disabled"
	required = "required"
	optional = "optional"
)

// metadataOptions applies what is asked for to what stands.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsRequest.html
func metadataOptions(in *MetadataSpecification, o model.MetadataOptions) (model.MetadataOptions, error) {
	if in == nil {
		return o, nil
	}
	if str(in.HttpProtocolIpv6) == enabled {
		return o, fail("UnsupportedOperation", "Drydock does not support the HttpProtocolIpv6 enabled: there are no IPv6 addresses.")
	}
	for _, s := range []struct {
		name     string
		value    *string
		off, on  string
		to       *bool
		inverted bool
	}{
		{"HttpEndpoint", in.HttpEndpoint, disabled, enabled, &o.Off, true},
		{"HttpTokens", in.HttpTokens, optional, required, &o.Tokens, false},
		{"InstanceMetadataTags", in.InstanceMetadataTags, disabled, enabled, &o.Tags, false},
	} {
		switch str(s.value) {
		case "":
		case s.on, s.off:
			*s.to = (*s.value == s.on) != s.inverted
		default:
			return o, fail("InvalidParameterValue", "Invalid value '%s' for %s.", *s.value, s.name)
		}
	}
	if n := in.HttpPutResponseHopLimit; n != nil {
		if *n < 1 || *n > 64 {
			return o, fail("InvalidParameterValue", "Invalid value '%d' for HttpPutResponseHopLimit. It must be between 1 and 64.", *n)
		}
		o.HopLimit = int(*n)
	}
	return o, nil
}

func renderMetadata(o model.MetadataOptions) MetadataOptions {
	word := func(is bool, yes, no string) string {
		if is {
			return yes
		}
		return no
	}
	return MetadataOptions{State: "applied", HttpTokens: word(o.Tokens, required, optional), HttpPutResponseHopLimit: o.Hops(),
		HttpEndpoint: word(o.Off, disabled, enabled), HttpProtocolIpv6: disabled, InstanceMetadataTags: word(o.Tags, enabled, disabled)}
}

// ModifyInstanceMetadataOptionsInput changes it for one instance.
type ModifyInstanceMetadataOptionsInput struct {
	DryRun     *bool
	InstanceId *string

	HttpEndpoint, HttpTokens, InstanceMetadataTags *string

	HttpPutResponseHopLimit *int32
	HttpProtocolIpv6        *string
}

// ModifyInstanceMetadataOptionsOutput is how it is now.
type ModifyInstanceMetadataOptionsOutput struct {
	InstanceId              string
	InstanceMetadataOptions MetadataOptions
}

func modifyInstanceMetadataOptions(tx *store.Tx, in *ModifyInstanceMetadataOptionsInput) (*ModifyInstanceMetadataOptionsOutput, error) {
	i, err := wanted(tx, store.Instances, instanceKind, in.InstanceId, "InstanceId")
	if err != nil {
		return nil, err
	}
	if i.State == "shutting-down" || i.State == "terminated" {
		return nil, fail("IncorrectInstanceState", "The instance '%s' is not in a state from which its metadata options can be modified.", i.ID)
	}
	i.Launch.Metadata, err = metadataOptions(&MetadataSpecification{in.HttpEndpoint, in.HttpTokens, in.InstanceMetadataTags, in.HttpPutResponseHopLimit, in.HttpProtocolIpv6}, i.Launch.Metadata)
	if err != nil {
		return nil, err
	}
	store.Instances.Put(tx, i)
	return &ModifyInstanceMetadataOptionsOutput{i.ID, renderMetadata(i.Launch.Metadata)}, nil
}
