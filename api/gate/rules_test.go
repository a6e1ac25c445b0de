package gate

import (
	"testing"

	"github.com/drydock-ecs/drydock/api/ec2"
)

func TestEveryOperationOfEC2HasARule(t *testing.T) {
	for name := range ec2.Service(nil, ec2.Options{}).Ops {
		if _, ok := rules["ec2"][name]; !ok {
			t.Errorf("%s: nobody but the root user can call it", name)
		}
	}
}
