package ec2

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// RunInstances writes new instances, each pending and with a network interface of its own, and with a
// public address of o.Hosts unless its subnet or the request says otherwise. A request
// that repeats an earlier one's ClientToken is answered with the instances of that one.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func RunInstances(tx *store.Tx, in *RunInstancesInput, o Options) (*RunInstancesOutput, error) {
	if before, err := repeated(tx, in); before != nil || err != nil {
		return before, err
	}
	born, err := plan(tx, in, o)
	if err != nil {
		return nil, err
	}
	least, most, err := counts(in)
	if err != nil {
		return nil, err
	}
	born.Launch = model.Launch{Reservation: "r-" + ids.Hex(17), At: tx.Now(), Token: str(in.ClientToken), Request: digest(in), KeyName: str(in.KeyName)}
	if born.Launch.Profile, err = profile(tx, in.IamInstanceProfile); err != nil {
		return nil, err
	}
	if born.Launch.Metadata, err = metadataOptions(in.MetadataOptions, model.MetadataOptions{}); err != nil {
		return nil, err
	}
	made, err := launch(tx, born, o.Hosts, least, most)
	if err != nil {
		return nil, err
	}
	return ptr(reservations(tx, made)[0]), nil
}

// repeated returns the reservation that an earlier request with the same token made, if one did.
func repeated(tx *store.Tx, in *RunInstancesInput) (*RunInstancesOutput, error) {
	token := str(in.ClientToken)
	if token == "" {
		return nil, nil
	}
	if len(token) > 64 {
		return nil, fail("InvalidParameterValue", "The client token must be at most 64 characters long")
	}
	var before []model.Instance
	for i := range store.Instances.All(tx) {
		if i.Launch.Token == token {
			before = append(before, i)
		}
	}
	if before == nil {
		return nil, nil
	}
	if before[0].Launch.Request != digest(in) {
		return nil, fail("IdempotentParameterMismatch", "The client token %s was used before with different parameters", token)
	}
	return ptr(reservations(tx, before)[0]), nil
}

// digest names what a request asks for.
func digest(in *RunInstancesInput) string {
	b, _ := json.Marshal(in) // plain data
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// plan returns what each of the new instances is born with.
func plan(tx *store.Tx, in *RunInstancesInput, o Options) (born birth, err error) {
	if err := refuse(in); err != nil {
		return born, err
	}
	born.State = "pending"
	if born.Image, err = o.image(tx, str(in.ImageId)); err != nil {
		return born, err
	}
	name := str(in.InstanceType)
	if name == "" {
		name = fallbackType
	}
	var ok bool
	if born.Type, ok = Type(name); !ok {
		return born, fail("InvalidParameterValue", "Invalid value '%s' for InstanceType.", name)
	}
	if born.UserData, err = userData(str(in.UserData)); err != nil {
		return born, err
	}
	if born.Tags, err = tagsOf(in.TagSpecifications, instanceKind, interfaceKind); err != nil {
		return born, err
	}
	subnet, err := subnetFor(tx, in)
	if err != nil {
		return born, err
	}
	born.Zone, born.Subnet, born.VPC = subnet.Zone, subnet.ID, subnet.VPC
	born.first, born.public, err = interfaceOf(tx, in, subnet)
	return born, err
}

// refuse reports what is asked for and does not act here.
func refuse(in *RunInstancesInput) error {
	if b := str(in.InstanceInitiatedShutdownBehavior); b != "" && b != "stop" {
		return fail("UnsupportedOperation", "Drydock does not support the parameter InstanceInitiatedShutdownBehavior: instances do not shut down by themselves.")
	}
	if p := in.Placement; p != nil && str(p.Tenancy) != "" && str(p.Tenancy) != "default" {
		return fail("UnsupportedOperation", "Drydock does not support the Placement.Tenancy %s.", *p.Tenancy)
	}
	if len(in.NetworkInterfaces) > 0 {
		if err := oneInterface(in); err != nil {
			return err
		}
	}
	return nil
}

// oneInterface checks that the given interfaces are the one that every instance has.
func oneInterface(in *RunInstancesInput) error {
	n := in.NetworkInterfaces[0]
	switch {
	case len(in.NetworkInterfaces) > 1 || n.DeviceIndex != nil && *n.DeviceIndex != 0 || n.NetworkCardIndex != nil && *n.NetworkCardIndex != 0:
		return fail("UnsupportedOperation", "Drydock does not support more than one NetworkInterface, with the DeviceIndex 0.")
	case n.DeviceIndex == nil:
		return missing("NetworkInterface.1.DeviceIndex")
	case in.SubnetId != nil || len(in.SecurityGroupIds)+len(in.SecurityGroups) > 0 || in.PrivateIpAddress != nil:
		return fail("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID, security groups or private IP address may not be specified on the same request")
	}
	return nil
}

func counts(in *RunInstancesInput) (least, most int, err error) {
	switch {
	case in.MinCount == nil:
		return 0, 0, missing("MinCount")
	case in.MaxCount == nil:
		return 0, 0, missing("MaxCount")
	case *in.MinCount < 1:
		return 0, 0, fail("InvalidParameterValue", "Value (%d) for parameter minCount is invalid. Must be at least 1.", *in.MinCount)
	case *in.MaxCount < *in.MinCount:
		return 0, 0, fail("InvalidParameterValue", "Value (%d) for parameter maxCount is invalid. Must not be less than minCount.", *in.MaxCount)
	case address(in) != "" && *in.MaxCount > 1:
		return 0, 0, fail("InvalidParameterCombination", "A private IP address can be given to one instance only")
	}
	if *in.MinCount > mostAtOnce {
		return 0, 0, fail("InstanceLimitExceeded", "At most %d instances can be launched by one request.", mostAtOnce)
	}
	return int(*in.MinCount), int(min(*in.MaxCount, mostAtOnce)), nil
}

const mostAtOnce = 1000

// address is the private address asked for, "" for any.
func address(in *RunInstancesInput) string {
	if len(in.NetworkInterfaces) > 0 {
		return str(in.NetworkInterfaces[0].PrivateIpAddress)
	}
	return str(in.PrivateIpAddress)
}

const mostUserData = 16384 // bytes

// userData decodes user data. Cloud-init takes it gzipped as well.
func userData(encoded string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, encoded))
	if err != nil {
		return "", fail("InvalidParameterValue", "Invalid BASE64 encoding of user data.")
	}
	if len(raw) > mostUserData {
		return "", fail("InvalidParameterValue", "User data is limited to %d bytes", mostUserData)
	}
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(io.LimitReader(z, 1<<20))
		}
		if err != nil {
			return "", fail("InvalidParameterValue", "The user data is not well-formed gzip.")
		}
	}
	if !utf8.Valid(raw) {
		return "", fail("UnsupportedOperation", "Drydock does not support UserData that is not text.")
	}
	return string(raw), nil
}

// profile is the ARN of the profile that instances are launched with; empty for none.
func profile(tx *store.Tx, given *ProfileSpecification) (string, error) {
	if given == nil || str(given.Arn) == "" && str(given.Name) == "" {
		return "", nil
	}
	return profileOf(tx, given)
}
