package model

// Caller is who makes an API call: the root of an account, a user, or the session of a role.
type Caller struct {
	ARN  string // arn:aws:iam::1:root, arn:aws:iam::1:user/u, arn:aws:sts::1:assumed-role/r/s
	Role string // ARN of the role of a session
	ID   string // as GetCallerIdentity has it: the account, AIDA..., AROA...:s
	Key  string // access key id; empty where nobody signed
}

// Root is the root user of s's account.
func (s Scope) Root() Caller {
	return Caller{ARN: "arn:" + s.Partition() + ":iam::" + s.Account + ":root", ID: s.Account}
}

// Entity is the ARN of who was given permissions: of a session its role, else the caller's own.
func (c Caller) Entity() string {
	if c.Role != "" {
		return c.Role
	}
	return c.ARN
}

// Global is the scope of what an account has once for all regions of a partition, such as users and
// roles.
func (s Scope) Global() Scope {
	region := "aws-global"
	if p := s.Partition(); p != "aws" {
		region = p[len("aws-"):] + "-global" // begins as the partition's regions do
		switch p {
		case "aws-iso":
			region = "us-iso-global"
		case "aws-iso-b":
			region = "us-isob-global"
		}
	}
	return Scope{Account: s.Account, Region: region}
}
