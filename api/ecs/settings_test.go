package ecs

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestTheSettingOfAPrincipalGoesBeforeTheDefault puts values that hold here anyway: they show whose
// setting is in effect by the spelling.
func TestTheSettingOfAPrincipalGoesBeforeTheDefault(t *testing.T) {
	w := newWorld(t)
	const name = types.SettingNameAwsvpcTrunking
	root, user := "arn:aws:iam::000000000000:root", "arn:aws:iam::000000000000:user/ada"
	list := func(who string, effective bool) string {
		out := must(w.client.ListAccountSettings(t.Context(), &ecs.ListAccountSettingsInput{Name: name, PrincipalArn: &who, EffectiveSettings: effective}))(t)
		said := ""
		for _, s := range out.Settings {
			said += fmt.Sprint(*s.PrincipalArn, " ", *s.Value, " ", s.Type)
		}
		return said
	}
	w.equal(list(user, true), user+" disabled user")
	w.equal(list(user, false), "")

	put := must(w.client.PutAccountSettingDefault(t.Context(), &ecs.PutAccountSettingDefaultInput{Name: name, Value: new("off")}))(t).Setting
	w.equal(line(put.Name, *put.Value, *put.PrincipalArn), "awsvpcTrunking off "+root)
	w.equal(list(user, true), user+" off user")
	w.equal(list(user, false), "")
	w.equal(list(root, false), root+" off user")

	must(w.client.PutAccountSetting(t.Context(), &ecs.PutAccountSettingInput{Name: name, Value: new("disabled"), PrincipalArn: &user}))(t)
	w.equal(list(user, false), user+" disabled user")
	w.equal(list(user, true), user+" disabled user")
	w.equal(list(root, true), root+" off user")

	gone := must(w.client.DeleteAccountSetting(t.Context(), &ecs.DeleteAccountSettingInput{Name: name, PrincipalArn: &user}))(t).Setting
	w.equal(line(*gone.Value, *gone.PrincipalArn), "disabled "+user)
	w.equal(list(user, true), user+" off user")
	must(w.client.DeleteAccountSetting(t.Context(), &ecs.DeleteAccountSettingInput{Name: name}))(t) // the caller is root
	w.equal(list(user, true), user+" disabled user")
	w.equal(list(root, false), "")
}
