package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// What nothing else has, as in secrets_test.go.
const (
	puller       = "puller-5c1e"
	pullPassword = "pw-91be40-pull"
)

const token = "t-0d84c1"

// imageRegistry is a registry that shows one image, the probe, to who logs in: with Basic, or with a Bearer
// token that is to be had for a login. Engines take plain HTTP from a registry on loopback.
//
// Source: https://distribution.github.io/distribution/spec/api/
type imageRegistry struct {
	*httptest.Server
	bearer   bool
	manifest []byte
	blobs    map[string][]byte // by digest
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// newRegistry is to be called before the daemon is started, so that its containers go before their image.
func newRegistry(t *testing.T, c *client.Client, bearer bool) *imageRegistry {
	t.Helper()
	r := &imageRegistry{bearer: bearer, blobs: map[string][]byte{}}
	var tar, layer bytes.Buffer
	must(0, must(probe.ImageOf(binary)).Tar(&tar))
	z := must(gzip.NewWriterLevel(&layer, gzip.BestSpeed))
	must(z.Write(tar.Bytes()))
	must(0, z.Close())
	config := must(json.Marshal(map[string]any{"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/drydock", "probe"}, "Env": []string{"PATH=/"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digestOf(tar.Bytes())}}}))
	blob := func(kind string, b []byte) map[string]any {
		r.blobs[digestOf(b)] = b
		return map[string]any{"mediaType": kind, "size": len(b), "digest": digestOf(b)}
	}
	r.manifest = must(json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": manifestType,
		"config": blob("application/vnd.docker.container.image.v1+json", config),
		"layers": []any{blob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer.Bytes())}}))
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	t.Cleanup(func() { _, _ = c.ImageRemove(context.Background(), r.image(), image.RemoveOptions{}) })
	return r
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

func (r *imageRegistry) image() string { return strings.TrimPrefix(r.URL, "http://") + "/team/app:1" }

func (r *imageRegistry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, basic := req.BasicAuth()
	known := basic && user == puller && password == pullPassword
	path := strings.TrimPrefix(req.URL.Path, "/v2/team/app/")
	switch {
	case req.URL.Path == "/token" && known:
		fmt.Fprintf(w, `{"token":%q}`, token)
		return
	case req.URL.Path != "/token" && (known && !r.bearer || r.bearer && req.Header.Get("Authorization") == "Bearer "+token):
	default:
		r.refuse(w)
		return
	}
	b, kind := r.blobs[strings.TrimPrefix(path, "blobs/")], "application/octet-stream"
	switch {
	case req.URL.Path == "/v2/":
	case path == "manifests/1", path == "manifests/"+digestOf(r.manifest):
		b, kind = r.manifest, manifestType
	case b == nil:
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", digestOf(b))
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	_, _ = w.Write(b)
}

func (r *imageRegistry) refuse(w http.ResponseWriter) {
	challenge := `Basic realm="registry"`
	if r.bearer {
		challenge = `Bearer realm="` + r.URL + `/token",service="registry"`
	}
	w.Header().Set("Www-Authenticate", challenge)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`))
}

// private defines a family whose image is behind the login in a secret.
func (d *daemon) private(family, image, secret, role string) *ecs.RunTaskInput {
	d.t.Helper()
	c := types.ContainerDefinition{Name: aws.String("web"), Image: &image, MemoryReservation: aws.Int32(16),
		RepositoryCredentials: &types.RepositoryCredentials{CredentialsParameter: &secret}}
	in := &ecs.RegisterTaskDefinitionInput{Family: &family, ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{c}}
	d.define(in)
	in.Family, in.NetworkMode, in.Cpu, in.Memory = aws.String(family+"-fargate"), types.NetworkModeAwsvpc, aws.String("256"), aws.String("512")
	d.define(in)
	return &ecs.RunTaskInput{TaskDefinition: &family}
}

// login makes the secret say who pulls.
func (d *daemon) login(password string) {
	d.t.Helper()
	d.aws("secretsmanager", "put-secret-value", "--secret-id", "registry/login", "--secret-string", `{"username":"`+puller+`","password":"`+password+`"}`)
}

// fails runs a task that stops before it starts, and checks why.
func (d *daemon) fails(in *ecs.RunTaskInput, wants ...string) {
	d.t.Helper()
	ended := d.until(d.run(in), is("STOPPED"))
	for _, want := range wants {
		if got := aws.ToString(ended.StoppedReason); !strings.Contains(got, want) || ended.StopCode != types.TaskStopCodeTaskFailedToStart {
			d.t.Errorf("got %s %s, want %s", ended.StopCode, got, want)
		}
	}
}

// TestImagesBehindALogin is the story of docs/secrets.md on private registries.
func TestImagesBehindALogin(t *testing.T) {
	c := needEngine(t)
	basic, bearer := newRegistry(t, c, false), newRegistry(t, c, true)
	d := start(t, c, "--log-level", "debug")
	secret := d.aws("secretsmanager", "create-secret", "--name", "registry/login", "--query", "ARN", "--output", "text",
		"--secret-string", `{"username":"`+puller+`","password":"wrong"}`)
	role := d.execution("puller", "secretsmanager:GetSecretValue", secret)
	d.awaitInstance()

	in := d.private("private", basic.image(), "registry/login", role)
	d.fails(in, "CannotPullContainerError: Error response from daemon: ")
	d.fails(d.private("refused", basic.image(), secret, d.execution("other", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:000000000000:secret:x")),
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to get registry auth from asm: "+
			"service call has been retried 1 time(s): asm fetching secret from the service for "+secret+": operation error Secrets Manager: GetSecretValue, ",
		"is not authorized to perform: secretsmanager:GetSecretValue on resource: "+secret+" because no identity-based policy allows")

	d.login(pullPassword)
	for _, r := range []*imageRegistry{basic, bearer} {
		arn := d.run(d.private("private", r.image(), "registry/login", role))
		c := box(d.until(arn, is("RUNNING")), "web")
		if aws.ToString(c.Image) != r.image() || aws.ToString(c.ImageDigest) != digestOf(r.manifest) {
			t.Errorf("got %s %s", aws.ToString(c.Image), aws.ToString(c.ImageDigest))
		}
	}
	d.cachedWhereItWasPulled(in)
	d.tellsNothingOf(puller, pullPassword)
}

// cachedWhereItWasPulled: an instance that pulled an image runs it when its registry refuses; another one does
// not, and neither does Fargate.
func (d *daemon) cachedWhereItWasPulled(in *ecs.RunTaskInput) {
	d.t.Helper()
	d.login("changed")
	first := d.aws("ec2", "describe-instances", "--query", "Reservations[0].Instances[0].InstanceId", "--output", "text")
	other := d.aws("ec2", "run-instances", "--image-id", "ami-0abcdef1234567890", "--instance-type", "t3.small", "--count", "1",
		"--user-data", "echo ECS_CLUSTER="+cluster+" >> /etc/ecs/ecs.config", "--query", "Instances[0].InstanceId", "--output", "text")
	on := func(instance string) *ecs.RunTaskInput {
		return &ecs.RunTaskInput{TaskDefinition: in.TaskDefinition, PlacementConstraints: []types.PlacementConstraint{
			{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("ec2InstanceId == '" + instance + "'")}}}
	}
	d.until(d.run(on(first)), is("RUNNING"))
	const refused = "CannotPullContainerError: Error response from daemon: "
	d.fails(on(other), refused)
	d.fails(&ecs.RunTaskInput{TaskDefinition: aws.String(*in.TaskDefinition + "-fargate"), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: inSubnets(d.subnets())}, refused)
}

// tellsNothingOf looks for values where none may be: descriptions, containers, the log.
func (d *daemon) tellsNothingOf(values ...string) {
	d.t.Helper()
	seen := map[string]string{"the log": d.log.String(), "the definition": d.aws("ecs", "describe-task-definition", "--task-definition", "private")}
	for _, c := range d.containers(true) {
		in := must(d.engine.ContainerInspect(d.t.Context(), c.ID))
		seen["docker inspect "+in.Name] = fmt.Sprintf("%+v %+v %+v", *in.HostConfig, *in.Config, in.Args)
	}
	for _, page := range []string{"/_drydock/ps?all=1", "/_drydock/events", "/_drydock/why/private"} {
		res := must(http.Get("http://" + d.addr + page))
		var b bytes.Buffer
		must(b.ReadFrom(res.Body))
		res.Body.Close()
		seen[page] = b.String()
	}
	for where, text := range seen {
		for _, v := range values {
			if strings.Contains(text, v) {
				d.t.Errorf("%s tells %s", where, v)
			}
		}
	}
}
