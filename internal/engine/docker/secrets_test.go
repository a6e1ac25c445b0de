package docker

import (
	"fmt"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestWhatAContainerIsGiven: secrets go over what its definition says, and the definition stays as it is.
func TestWhatAContainerIsGiven(t *testing.T) {
	l := &types.LogConfiguration{LogDriver: types.LogDriverSplunk, Options: map[string]string{"splunk-url": "https://x"}}
	s := engine.Spec{Env: map[string]string{"A": "1", "B": "2"}, Doc: types.ContainerDefinition{LogConfiguration: l}}
	got := given(s, engine.Secrets{Env: map[string]string{"B": "secret"}, LogOptions: map[string]string{"splunk-token": "t"}, Registry: engine.Login{Password: "pw"}})
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"the environment", got.Env, "map[A:1 B:secret]"},
		{"options of the driver", got.Doc.LogConfiguration.Options, "map[splunk-token:t splunk-url:https://x]"},
		{"the driver", got.Doc.LogConfiguration.LogDriver, "splunk"},
		{"the definition's environment", s.Env, "map[A:1 B:2]"},
		{"the definition's options", l.Options, "map[splunk-url:https://x]"},
	} {
		if text := fmt.Sprint(c.got); text != c.want {
			t.Errorf("%s: got %s, want %s", c.what, text, c.want)
		}
	}
	if log, err := logging(got.Doc.LogConfiguration); err != nil || log.Config["splunk-token"] != "t" {
		t.Errorf("the engine gets %v, %v", log, err)
	}
}
