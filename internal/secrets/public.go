package secrets

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// release is an ECS-optimised image of Amazon Linux: what its public parameters tell. The names have the
// architecture to be set in.
type release struct{ path, os, version, name, source string }

// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
var releases = []release{
	{"amazon-linux-2", "Amazon Linux 2", "2.0.20241115", "amzn2-ami-ecs-hvm-2.0.20241115-%s-ebs", "amzn2-ami-minimal-hvm-2.0.20241113.1-%s-ebs"},
	{"amazon-linux-2023", "Amazon Linux 2023", "2023.0.20241115", "al2023-ami-ecs-hvm-2023.0.20241115-kernel-6.1-%s", "al2023-ami-minimal-2023.6.20241111.0-kernel-6.1-%s"},
}

// released is when AWS would have put them.
var released = time.Date(2024, 11, 18, 16, 8, 46, 0, time.UTC)

// publics are the values of the public parameters that there are, by name: those of the ECS-optimised images,
// whose ids the EC2 API launches. They are no rows, and no secrets.
var publics = func() map[string]string {
	all := map[string]string{}
	for _, r := range releases {
		for suffix, arch := range map[string]string{"": "x86_64", "/arm64": "arm64"} {
			maps.Copy(all, r.parameters("/aws/service/ecs/optimized-ami/"+r.path+suffix+"/recommended", arch))
		}
	}
	return all
}()

// parameters are the parameters of one image: all that there is to tell, and each of it by itself.
func (r release) parameters(base, arch string) map[string]string {
	told := map[string]any{"ecs_agent_version": "1.88.0", "ecs_runtime_version": "Docker version 25.0.6", "image_id": model.PublicImage(base + "/image_id"),
		"image_name": fmt.Sprintf(r.name, arch), "image_version": r.version, "os": r.os, "schema_version": 1, "source_image_name": fmt.Sprintf(r.source, arch)}
	whole, _ := json.Marshal(told) // plain data
	all := map[string]string{base: string(whole)}
	for name, v := range told {
		all[base+"/"+name] = fmt.Sprint(v)
	}
	return all
}

// Public reports whether a parameter is AWS's own.
func Public(name string) bool { _, ok := publics[name]; return ok }

// Publics are the public parameters, sorted by name.
func Publics() []model.ParameterVersion {
	names := slices.Sorted(maps.Keys(publics))
	all := make([]model.ParameterVersion, len(names))
	for i, name := range names {
		all[i] = publicVersion(name)
	}
	return all
}

// publicVersion is a public parameter as a version: there is one of each.
func publicVersion(name string) model.ParameterVersion {
	return model.ParameterVersion{Parameter: name, Version: 1, Type: "String", Tier: "Standard", Modified: released}
}

// public returns the public parameter with a name or an ARN, which has no account.
func public(sc model.Scope, name string) (model.ParameterVersion, bool) {
	if a, ok := model.ParseARN(name); ok && a.Service == "ssm" && a.Account == "" && a.Region == sc.Region {
		name = strings.TrimPrefix(a.Resource, "parameter")
	}
	return publicVersion(name), Public(name)
}
