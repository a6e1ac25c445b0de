package agent

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestLogsAreDeliveredAsTheContainerOrTheAccountSays(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	sc := model.Scope{Account: "111122223333", Region: "eu-west-1"}
	for _, c := range []struct {
		rule, account string
		options       map[string]string
		want          string
	}{
		{"without a mode nothing waits for the log", "", nil, "map[max-buffer-size:10m mode:non-blocking]"},
		{"with a buffer of the size that is given", "", map[string]string{"max-buffer-size": "25m"}, "map[max-buffer-size:25m mode:non-blocking]"},
		{"unless the container says otherwise", "", map[string]string{"mode": "blocking", "tag": "x"}, "map[mode:blocking tag:x]"},
		{"or the account", "blocking", map[string]string{"tag": "x"}, "map[mode:blocking tag:x]"},
		{"the container goes before it", "blocking", map[string]string{"mode": "non-blocking"}, "map[max-buffer-size:10m mode:non-blocking]"},
	} {
		if err := s.Update(sc, func(tx *store.Tx) error {
			if c.account != "" {
				store.AccountSettings.Put(tx, model.AccountSetting{Name: "defaultLogDriverMode", Principal: sc.Root().ARN, Value: c.account})
			}
			l := &types.LogConfiguration{LogDriver: types.LogDriverSyslog, Options: c.options}
			if got := delivered(tx, l); got.LogDriver != types.LogDriverSyslog || fmt.Sprint(got.Options) != c.want {
				t.Errorf("%s: got %s %v", c.rule, got.LogDriver, got.Options)
			}
			if got := delivered(tx, nil); got != nil {
				t.Errorf("%s: no log became %v", c.rule, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
