package handler

import "testing"

func TestZonePrefix(t *testing.T) {
	for region, want := range map[string]string{"us-east-1": "use1", "ap-southeast-2": "apse2", "ap-northeast-1": "apne1", "ap-south-1": "aps1",
		"us-gov-west-1": "usgw1", "cn-northwest-1": "cnnw1", "eu-central-1": "euc1"} {
		if got := zonePrefix(region); got != want {
			t.Errorf("%s: got %s, want %s", region, got, want)
		}
	}
}
