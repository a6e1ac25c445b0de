package model

import "testing"

func TestGlobalScopesKeepTheirPartition(t *testing.T) {
	for region, want := range map[string]string{"us-east-1": "aws-global", "eu-west-1": "aws-global", "cn-north-1": "cn-global",
		"us-gov-west-1": "us-gov-global", "us-iso-east-1": "us-iso-global", "us-isob-east-1": "us-isob-global"} {
		s := Scope{"123456789012", region}
		g := s.Global()
		if g.Region != want || g.Account != s.Account || g.Partition() != s.Partition() || g.Global() != g {
			t.Errorf("%v: %v in %s", s, g, g.Partition())
		}
	}
}
