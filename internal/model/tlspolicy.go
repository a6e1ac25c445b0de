package model

// DefaultTLSPolicy is the security policy of HTTPS listeners for which none was asked.
const DefaultTLSPolicy = "ELBSecurityPolicy-2016-08"

// TLSPolicy is what a security policy allows.
type TLSPolicy struct {
	Lowest, Highest int  // minor versions of TLS 1: 0 to 3
	CBC             bool // cipher suites of TLS 1.2 and before with AES-CBC and SHA-1, such as ECDHE-RSA-AES128-SHA
}

// tlsPolicies are the security policies of Application Load Balancers.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
var tlsPolicies = map[string]TLSPolicy{
	"ELBSecurityPolicy-2016-08":                {0, 2, true},
	"ELBSecurityPolicy-TLS-1-0-2015-04":        {0, 2, true},
	"ELBSecurityPolicy-TLS-1-1-2017-01":        {1, 2, true},
	"ELBSecurityPolicy-TLS-1-2-2017-01":        {2, 2, false},
	"ELBSecurityPolicy-TLS-1-2-Ext-2018-06":    {2, 2, true},
	"ELBSecurityPolicy-FS-2018-06":             {0, 2, true},
	"ELBSecurityPolicy-FS-1-1-2019-08":         {1, 2, true},
	"ELBSecurityPolicy-FS-1-2-2019-08":         {2, 2, true},
	"ELBSecurityPolicy-FS-1-2-Res-2019-08":     {2, 2, false},
	"ELBSecurityPolicy-FS-1-2-Res-2020-10":     {2, 2, false},
	"ELBSecurityPolicy-TLS13-1-0-2021-06":      {0, 3, true},
	"ELBSecurityPolicy-TLS13-1-1-2021-06":      {1, 3, true},
	"ELBSecurityPolicy-TLS13-1-2-2021-06":      {2, 3, false},
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06":  {2, 3, false},
	"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06": {2, 3, false},
	"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06": {2, 3, true},
	"ELBSecurityPolicy-TLS13-1-3-2021-06":      {3, 3, false},
}

// TLSPolicyNamed returns the security policy with the name, if AWS has it.
func TLSPolicyNamed(name string) (TLSPolicy, bool) {
	p, ok := tlsPolicies[name]
	return p, ok
}
