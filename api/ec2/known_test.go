package ec2

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatIsServedIsNotRefused(t *testing.T) {
	names := strings.Fields(known)
	if !slices.IsSorted(names) {
		t.Error("the names are not sorted")
	}
	for name := range operations(Options{}) {
		if slices.Contains(names, name) {
			t.Errorf("%s is served", name)
		}
	}
}
