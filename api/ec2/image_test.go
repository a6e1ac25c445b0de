package ec2

import (
	"errors"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// parameter puts versions of a parameter, of which the first has the label blue.
func (w *world) parameter(name, kind string, values ...string) {
	w.t.Helper()
	if err := w.store.Update(home, func(tx *store.Tx) error {
		store.Parameters.Put(tx, model.Parameter{Name: name, Version: int64(len(values)), Labels: map[string]int64{"blue": 1}})
		for i, value := range values {
			v := model.ParameterVersion{Parameter: name, Version: int64(i + 1), Type: "String", DataType: kind}
			v.Value = w.vault.Seal(secrets.ParameterPlace(home, v), []byte(value))
			store.ParameterVersions.Put(tx, v)
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// TestImagesAreNamedByParameters: what an instance is launched of is what the parameter says.
func TestImagesAreNamedByParameters(t *testing.T) {
	w := newWorld(t)
	w.parameter("/golden", model.DataTypeImage, "ami-0000000000000000a", "ami-0000000000000000b")
	w.parameter("flat", model.DataTypeImage, "ami-0000000000000000c")
	w.parameter("/text", "", "ami-0000000000000000a")
	const public = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
	const arn = "arn:aws:ssm:us-east-1:000000000000:parameter"
	const unfit = "Unsupported data type. The following parameter data types are supported: aws:ec2:image"
	for name, want := range map[string]string{
		"/golden":            "ami-0000000000000000b",
		"/golden:1":          "ami-0000000000000000a",
		"/golden:blue":       "ami-0000000000000000a",
		arn + "/golden:1":    "ami-0000000000000000a",
		"flat":               "ami-0000000000000000c",
		public + "/image_id": model.PublicImage(public + "/image_id"),
		"arn:aws:ssm:us-east-1::parameter" + public + "/image_id": model.PublicImage(public + "/image_id"),

		"/none":             "The following aliases are invalid: /none",
		"/golden:3":         "The following aliases are invalid: /golden:3",
		"":                  "The following aliases are invalid: ",
		public + "/no_such": "The following aliases are invalid: " + public + "/no_such",
		"arn:aws:ssm:us-east-1:111111111111:parameter/golden": "The following aliases are invalid: arn:aws:ssm:us-east-1:111111111111:parameter/golden",
		"/text":        unfit,
		public:         unfit,
		public + "/os": unfit,
	} {
		t.Run(name, func(t *testing.T) {
			out, err := call[RunInstancesOutput](w, "RunInstances", asked(1, func(in *RunInstancesInput) { in.ImageId = ptr("resolve:ssm:" + name) }))
			var refused *wire.Error
			switch {
			case errors.As(err, &refused):
				if refused.Code != "SsmInvalidParameter" || refused.Message != want {
					t.Errorf("got %v, want %s", err, want)
				}
			case err != nil:
				t.Error(err)
			case out.Instances[0].ImageId != want:
				t.Errorf("got %s, want %s", out.Instances[0].ImageId, want)
			}
		})
	}
}
