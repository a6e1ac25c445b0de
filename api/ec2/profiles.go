package ec2

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// ProfileAssociation is an instance profile that an instance has. An instance has one at most.
type ProfileAssociation struct {
	AssociationId      string
	InstanceId         string
	IamInstanceProfile Profile
	State              string
}

// ProfileAssociationOutput is the association that was made or ended.
type ProfileAssociationOutput struct {
	IamInstanceProfileAssociation ProfileAssociation
}

// AssociateIamInstanceProfileInput gives an instance a profile.
type AssociateIamInstanceProfileInput struct {
	InstanceId         *string
	IamInstanceProfile *ProfileSpecification
}

// ReplaceIamInstanceProfileAssociationInput gives it another one.
type ReplaceIamInstanceProfileAssociationInput struct {
	AssociationId      *string
	IamInstanceProfile *ProfileSpecification
}

// DisassociateIamInstanceProfileInput takes it away.
type DisassociateIamInstanceProfileInput struct{ AssociationId *string }

// DescribeIamInstanceProfileAssociationsInput asks which there are.
type DescribeIamInstanceProfileAssociationsInput struct {
	AssociationIds []string `wire:"AssociationId"`
	Filters        []Filter `wire:"Filter"`
	MaxResults     *int32
	NextToken      *string
}

// DescribeIamInstanceProfileAssociationsOutput is one page of them.
type DescribeIamInstanceProfileAssociationsOutput struct {
	IamInstanceProfileAssociations []ProfileAssociation `wire:"iamInstanceProfileAssociationSet"`
	NextToken                      *string
}

// associationOf names what an instance has with its profile: another profile is another association.
func associationOf(i model.Instance) string {
	return "iip-assoc-" + derived(i.ID+"/"+i.Launch.Profile, "association")
}

func showAssociation(tx *store.Tx, i model.Instance, state string) ProfileAssociation {
	return ProfileAssociation{AssociationId: associationOf(i), InstanceId: i.ID, IamInstanceProfile: *renderProfile(tx, i), State: state}
}

func hasProfile(i model.Instance) bool {
	return i.Launch.Profile != "" && i.State != "terminated" && i.State != "shutting-down"
}

// profileOf is the ARN of the profile that a request names, which must be there.
func profileOf(tx *store.Tx, in *ProfileSpecification) (string, error) {
	if in == nil || str(in.Arn) == "" && str(in.Name) == "" {
		return "", missing("IamInstanceProfile")
	}
	name, member, given := str(in.Name), "name", str(in.Name)
	if given == "" {
		member, given = "arn", *in.Arn
		name = given[strings.LastIndexByte(given, '/')+1:]
	}
	p, ok := store.InstanceProfiles.Get(tx.In(tx.Scope().Global()), model.InstanceProfile{Name: name}.Key())
	if arn := p.ARN(tx.Scope()); ok && (member == "name" || given == arn) {
		return arn, nil
	}
	return "", fail("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance Profile %s", given, member, member)
}

// associateIamInstanceProfile gives a profile to an instance that has none: from then on its metadata has
// credentials of the role.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
func associateIamInstanceProfile(tx *store.Tx, in *AssociateIamInstanceProfileInput) (*ProfileAssociationOutput, error) {
	i, err := wanted(tx, store.Instances, instanceKind, in.InstanceId, "InstanceId")
	if err != nil {
		return nil, err
	}
	switch arn, err := profileOf(tx, in.IamInstanceProfile); {
	case err != nil:
		return nil, err
	case i.State == "shutting-down" || i.State == "terminated":
		return nil, fail("IncorrectInstanceState", "The instance '%s' is not in a valid state for this operation.", i.ID)
	case hasProfile(i):
		return nil, fail("IncorrectState", "There is an existing association for instance %s", i.ID)
	default:
		i.Launch.Profile = arn
	}
	store.Instances.Put(tx, i)
	return &ProfileAssociationOutput{showAssociation(tx, i, "associating")}, nil
}

// byAssociation is the instance with the association.
func byAssociation(tx *store.Tx, id *string) (model.Instance, error) {
	if str(id) == "" {
		return model.Instance{}, missing("AssociationId")
	}
	for i := range store.Instances.All(tx) {
		if hasProfile(i) && associationOf(i) == *id {
			return i, nil
		}
	}
	return model.Instance{}, fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", *id)
}

func replaceIamInstanceProfileAssociation(tx *store.Tx, in *ReplaceIamInstanceProfileAssociationInput) (*ProfileAssociationOutput, error) {
	i, err := byAssociation(tx, in.AssociationId)
	if err != nil {
		return nil, err
	}
	if i.Launch.Profile, err = profileOf(tx, in.IamInstanceProfile); err != nil {
		return nil, err
	}
	store.Instances.Put(tx, i)
	return &ProfileAssociationOutput{showAssociation(tx, i, "associating")}, nil
}

func disassociateIamInstanceProfile(tx *store.Tx, in *DisassociateIamInstanceProfileInput) (*ProfileAssociationOutput, error) {
	i, err := byAssociation(tx, in.AssociationId)
	if err != nil {
		return nil, err
	}
	out := &ProfileAssociationOutput{showAssociation(tx, i, "disassociating")}
	i.Launch.Profile = ""
	store.Instances.Put(tx, i)
	return out, nil
}

func describeIamInstanceProfileAssociations(tx *store.Tx, in *DescribeIamInstanceProfileAssociationsInput) (*DescribeIamInstanceProfileAssociationsOutput, error) {
	var all []ProfileAssociation
	for i := range store.Instances.All(tx) {
		if hasProfile(i) {
			all = append(all, showAssociation(tx, i, "associated"))
		}
	}
	for _, id := range in.AssociationIds {
		if _, err := byAssociation(tx, &id); err != nil {
			return nil, err
		}
	}
	id := func(a ProfileAssociation) string { return a.AssociationId }
	all = only(all, in.AssociationIds, id)
	all, err := filtered(all, properties[ProfileAssociation]{by: map[string]func(ProfileAssociation) []string{
		"instance-id": one(func(a ProfileAssociation) string { return a.InstanceId }), "state": one(func(a ProfileAssociation) string { return a.State })}}, in.Filters)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b ProfileAssociation) int { return strings.Compare(id(a), id(b)) })
	all, next, err := page(all, id, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	return &DescribeIamInstanceProfileAssociationsOutput{all, next}, err
}
