package policy

import "strings"

// Principal is who makes a request.
type Principal struct {
	Account string
	ARN     string // of the user, the role session or the root: arn:aws:sts::1:assumed-role/r/s
	Role    string // ARN of the role of a role session
	ID      string // AIDA…, AROA…:session, or the account of a root
	Service string // of an AWS service in a trust policy: ecs-tasks.amazonaws.com
	// Federated is the identity provider of a web identity.
	Federated string
}

// Root reports whether p is the root user of its account, to whom no identity policy applies.
func (p Principal) Root() bool { return p.Service == "" && strings.HasSuffix(p.ARN, ":root") }

// Type is p's aws:PrincipalType.
func (p Principal) Type() string {
	switch {
	case p.Root():
		return "Account"
	case p.Role != "":
		return "AssumedRole"
	case strings.Contains(p.ARN, ":federated-user/"):
		return "FederatedUser"
	case strings.Contains(p.ARN, ":user/"):
		return "User"
	}
	return ""
}

// entity is p's aws:PrincipalArn: for a session the role.
func (p Principal) entity() string {
	if p.Role != "" {
		return p.Role
	}
	return p.ARN
}

// userName is the name of a user, without path.
func (p Principal) userName() string {
	_, path, ok := strings.Cut(p.ARN, ":user/")
	if !ok {
		return ""
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// grant is how far a statement of a resource's policy that names a principal carries.
type grant int8

const (
	none      grant = iota
	delegated       // names the account: its identity policies must allow too
	limited         // names the role: boundary and session policies still limit it
	direct          // names the user, the session or everybody: it is enough
)

// principals are who a statement names.
type principals struct {
	not       bool
	all       bool // "*"
	aws       []string
	services  []string
	federated []string
}

// newPrincipals reads a Principal or NotPrincipal element.
func newPrincipals(n node, not bool) (*principals, error) {
	p := &principals{not: not}
	if n.kind == textNode {
		if n.text != "*" {
			return nil, &Malformed{"Invalid principal in policy."}
		}
		p.all = true
		return p, nil
	}
	if n.kind != objectNode || len(n.members) == 0 {
		return nil, errSyntax
	}
	for _, m := range n.members {
		values, ok := m.value.texts(false)
		if !ok || len(values) == 0 {
			return nil, errSyntax
		}
		switch m.name {
		case "AWS":
			p.aws = values
		case "Service":
			p.services = values
		case "Federated":
			p.federated = values
		case "CanonicalUser":
		default:
			return nil, errSyntax
		}
	}
	for _, a := range p.aws {
		if !principalForm(a) {
			return nil, &Malformed{`Invalid principal in policy: "AWS":"` + a + `"`}
		}
	}
	for _, s := range p.services {
		if s == "*" || !strings.Contains(s, ".") {
			return nil, &Malformed{`Invalid principal in policy: "SERVICE":"` + s + `"`}
		}
	}
	return p, nil
}

// principalForm reports whether an AWS principal is written as one may be: *, an account, a unique
// id, or an ARN without wildcards.
func principalForm(s string) bool {
	if s == "*" || isAccount(s) {
		return true
	}
	if parts, ok := splitARN(s); ok {
		kind, name, _ := strings.Cut(parts[5], "/")
		named := kind == "root" && name == "" || name != "" && (kind == "user" || kind == "role" || kind == "assumed-role" || kind == "federated-user")
		return parts[0] == "arn" && (parts[2] == "iam" || parts[2] == "sts") && parts[3] == "" && isAccount(parts[4]) && named && !strings.ContainsAny(s, "*?")
	}
	return len(s) >= 16 && len(s) <= 128 && strings.HasPrefix(s, "A") && strings.ToUpper(s) == s
}

func isAccount(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == 12
}

// of tells how far the statement carries for p. bounded says that p has a permissions boundary: such
// a principal is in no NotPrincipal.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (ps *principals) of(p Principal, bounded bool) grant {
	if ps == nil {
		return none
	}
	g := ps.named(p)
	if !ps.not {
		return g
	}
	if g == none || bounded {
		return direct
	}
	return none
}

func (ps *principals) named(p Principal) grant {
	switch {
	case ps.all:
		return direct
	case p.Service != "":
		return among(ps.services, p.Service)
	case p.Federated != "":
		return among(ps.federated, p.Federated)
	}
	best := none
	for _, a := range ps.aws {
		best = max(best, p.is(a))
	}
	return best
}

func among(all []string, one string) grant {
	for _, a := range all {
		if a == one {
			return direct
		}
	}
	return none
}

// is tells how an AWS principal of a document names p.
func (p Principal) is(a string) grant {
	switch {
	case a == "*" || a == p.ARN || a == p.ID:
		return direct
	case p.Role != "" && (a == p.Role || strings.HasPrefix(p.ID, a+":")):
		return limited
	case a == p.Account || strings.HasSuffix(a, "::"+p.Account+":root"):
		if p.Root() {
			return direct
		}
		return delegated
	}
	return none
}

// AWSPrincipals are the users, roles and sessions that the document names by ARN: they must exist
// when it is put on a role.
func (d *Document) AWSPrincipals() (all []string) {
	for _, s := range d.statements {
		if s.principals == nil {
			continue
		}
		for _, a := range s.principals.aws {
			if strings.HasPrefix(a, "arn:") && !strings.HasSuffix(a, ":root") {
				all = append(all, a)
			}
		}
	}
	return all
}
