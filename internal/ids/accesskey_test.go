package ids

import (
	"strings"
	"testing"
)

func TestAccessKeysNameTheirAccount(t *testing.T) {
	seen := map[string]bool{}
	for _, account := range []string{"000000000000", "123456789012", "999999999999"} {
		for range 100 {
			for _, prefix := range []string{"AKIA", "ASIA"} {
				key := AccessKey(prefix, account)
				if got, ok := Issued(key); !ok || got != account || len(key) != 20 || !strings.HasPrefix(key, prefix) || seen[key] {
					t.Fatalf("%s of %s: %s, %v", key, account, got, ok)
				}
				seen[key] = true
			}
		}
	}
}

func TestOtherKeysAreNotOurs(t *testing.T) {
	ours := AccessKey("AKIA", "123456789012")
	for _, key := range []string{"", "test", "123456789012", "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "ASIA" + ours[4:], ours + "A", ours[:19],
		"AKIAQAAAAAAAAAAAAAAA", strings.ToLower(ours)} {
		if account, ok := Issued(key); ok {
			t.Errorf("%q is taken for a key of %s", key, account)
		}
	}
	other := byte('A')
	if ours[19] == 'A' {
		other = 'B'
	}
	if _, ok := Issued(ours[:19] + string(other)); ok {
		t.Error("a letter may be changed")
	}
}
