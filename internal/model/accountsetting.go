package model

// AccountSetting is one setting of ECS that a client put, for a principal of the account. That of the
// root user is the default of all.
//
// Writers: the API.
type AccountSetting struct {
	Name      string // a types.SettingName
	Principal string // ARN
	Value     string
}

// Key is name and principal.
func (a AccountSetting) Key() string { return a.Name + "|" + a.Principal }
