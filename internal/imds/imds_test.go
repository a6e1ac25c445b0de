package imds

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

var (
	here = model.Scope{Account: "000000000000", Region: "eu-west-1"}
	host = engine.Place{Scope: here, VPC: "vpc-1", Instance: "i-1", NIC: "eni-1"}
)

func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

// world is a handler with three instances: one with everything, one with nothing, one with a role that
// EC2 cannot assume.
type world struct {
	t testing.TB
	h *Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, h: New(s, Config{Vault: vault.New(vault.NewKey())})}
	w.do(here.Global(), func(tx *store.Tx) {
		store.Roles.Put(tx, model.Role{Name: "machine", Path: "/", ID: "AROAM", Trust: trust("ec2.amazonaws.com")})
		store.Roles.Put(tx, model.Role{Name: "task", Path: "/", ID: "AROAT", Trust: trust("ecs-tasks.amazonaws.com")})
		store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "machines", Path: "/", ID: "AIPAM", Role: "machine"})
		store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "wrong", Path: "/", ID: "AIPAW", Role: "task"})
	})
	w.do(here, func(tx *store.Tx) {
		store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "172.31.0.0/16", Hostnames: true})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1", CIDR: "172.31.0.0/20", Zone: "eu-west-1a", ZoneID: "euw1-az1"})
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-1", Name: "web", VPC: "vpc-1"})
		i := model.Instance{ID: "i-1", Type: model.InstanceType{Name: "t3.small", Arch: "x86_64"}, Zone: "eu-west-1a", Subnet: "subnet-1", VPC: "vpc-1",
			PrivateIP: "172.31.0.5", Image: "ami-1", UserData: "#!/bin/sh\n", Tags: model.Tags{{Key: "Name", Value: "one"}}, State: "running",
			Launch: model.Launch{Reservation: "r-1", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Profile: "machines"}}
		store.Instances.Put(tx, i)
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1", IP: "172.31.0.5", MAC: "0a:00:00:00:00:01",
			Groups: []string{"sg-1"}, Instance: "i-1", Public: "127.64.0.1"})
		store.Instances.Put(tx, model.Instance{ID: "i-2", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "172.31.0.6",
			UserData: "echo ECS_AWSVPC_BLOCK_IMDS=1 >> /etc/ecs/ecs.config"})
		i.ID, i.Launch.Profile = "i-3", "arn:aws:iam::000000000000:instance-profile/wrong"
		store.Instances.Put(tx, i)
		store.Tasks.Put(tx, model.Task{ID: "bridge"})
		store.Tasks.Put(tx, model.Task{ID: "own", ENI: &model.ENI{ID: "eni-2"}})
	})
	return w
}

func (w *world) do(sc model.Scope, fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.h.store.Update(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) options(o model.MetadataOptions) {
	w.do(here, func(tx *store.Tx) {
		i, _ := store.Instances.Get(tx, "i-1")
		i.Launch.Metadata = o
		store.Instances.Put(tx, i)
	})
}

// ask is one request; a request that gets no answer is told as 0.
func (w *world) ask(from engine.Place, method, path string, headers ...string) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "http://169.254.169.254"+path, nil)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r, from)
	if ctx.Err() != nil {
		return 0, ""
	}
	return rec.Code, rec.Body.String()
}

func TestValues(t *testing.T) {
	w := newWorld(t)
	w.options(model.MetadataOptions{Tags: true})
	none := engine.Place{Scope: here, Instance: "i-2"}
	const mac = "/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/"
	for _, c := range []struct {
		rule string
		from engine.Place
		path string
		want string // of an error its first line is not compared
		code int
	}{
		{"the root has versions", host, "/", "1.0\nlatest", 200},
		{"a version has three parts", host, "/latest/", "dynamic\nmeta-data\nuser-data", 200},
		{"dated versions are the same", host, "/2021-07-15/meta-data/ami-id", "ami-1", 200},
		{"others are none", host, "/new/meta-data/ami-id", "", 404},
		{"a value", host, "/latest/meta-data/instance-id", "i-1", 200},
		{"a directory ends in a slash", host, "/latest/meta-data/placement", "availability-zone\navailability-zone-id\nregion", 200},
		{"directories in directories too", host, "/latest/meta-data/network/interfaces", "macs/", 200},
		{"where it stands", host, "/latest/meta-data/placement/availability-zone-id", "euw1-az1", 200},
		{"its addresses", host, "/latest/meta-data/local-ipv4", "172.31.0.5", 200},
		{"its names", host, "/latest/meta-data/local-hostname", "ip-172-31-0-5.eu-west-1.compute.internal", 200},
		{"its public address", host, "/latest/meta-data/public-ipv4", "127.64.0.1", 200},
		{"the name of that", host, "/latest/meta-data/public-hostname", "ec2-127-64-0-1.eu-west-1.compute.amazonaws.com", 200},
		{"or none", none, "/latest/meta-data/public-ipv4", "", 404},
		{"groups by name", host, "/latest/meta-data/security-groups", "web", 200},
		{"interfaces", host, mac, "device-number\ninterface-id\nipv4-associations/\nlocal-hostname\nlocal-ipv4s\nmac\nowner-id\npublic-hostname\npublic-ipv4s\nsecurity-group-ids\nsecurity-groups\nsubnet-id\nsubnet-ipv4-cidr-block\nvpc-id\nvpc-ipv4-cidr-block\nvpc-ipv4-cidr-blocks", 200},
		{"an interface's subnet", host, mac + "subnet-ipv4-cidr-block", "172.31.0.0/20", 200},
		{"user data", host, "/latest/user-data", "#!/bin/sh\n", 200},
		{"tags where they are allowed", host, "/latest/meta-data/tags/instance/Name", "one", 200},
		{"and not where they are not", none, "/latest/meta-data/tags/instance", "", 404},
		{"no notice of an end", host, "/latest/meta-data/spot/instance-action", "", 404},
		{"nor its time", host, "/latest/meta-data/spot/termination-time", "", 404},
		{"what is not there", host, "/latest/meta-data/instance", "", 404},
		{"an instance profile", host, "/latest/meta-data/iam/security-credentials/", "machine", 200},
		{"no instance profile", none, "/latest/meta-data/iam/info", "", 404},
		{"from a task in bridge mode", engine.Place{Scope: here, Instance: "i-1", Task: "bridge"}, "/latest/meta-data/instance-id", "i-1", 200},
		{"from a task with an interface", engine.Place{Scope: here, Instance: "i-1", Task: "own"}, "/latest/meta-data/instance-id", "i-1", 200},
		{"but not where the agent blocks it", engine.Place{Scope: here, Instance: "i-2", Task: "own"}, "/latest/meta-data/instance-id", "", 0},
		{"which does not stop bridge mode", engine.Place{Scope: here, Instance: "i-2", Task: "bridge"}, "/latest/meta-data/instance-id", "i-2", 200},
		{"on Fargate nothing answers", engine.Place{Scope: here, Task: "own"}, "/latest/meta-data/instance-id", "", 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, got := w.ask(c.from, http.MethodGet, c.path)
			if code == 404 && strings.Contains(got, "<h1>404 - Not Found</h1>") {
				got = ""
			}
			if code != c.code || got != c.want {
				t.Errorf("got %d %q, want %d %q", code, got, c.code, c.want)
			}
		})
	}
}

func TestANoticeOfTheEnd(t *testing.T) {
	w := newWorld(t)
	w.do(here, func(tx *store.Tx) {
		i, _ := store.Instances.Get(tx, "i-1")
		i.Gone = time.Date(2026, 1, 2, 3, 6, 5, 0, time.UTC)
		store.Instances.Put(tx, i)
	})
	if _, got := w.ask(host, http.MethodGet, "/latest/meta-data/spot/instance-action"); got != `{"action":"terminate","time":"2026-01-02T03:06:05Z"}` {
		t.Errorf("got %s", got)
	}
	if _, got := w.ask(host, http.MethodGet, "/latest/meta-data/spot/termination-time"); got != "2026-01-02T03:06:05Z" {
		t.Errorf("got %s", got)
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	other := engine.Place{Scope: here, Instance: "i-2"}
	token := func(from engine.Place) string {
		code, body := w.ask(from, http.MethodPut, "/latest/api/token", ttlHeader, "60")
		if code != 200 {
			t.Fatalf("got %d", code)
		}
		return body
	}
	const path = "/latest/meta-data/instance-id"
	want := func(rule string, code, wanted int) {
		t.Helper()
		if code != wanted {
			t.Errorf("%s: got %d, want %d", rule, code, wanted)
		}
	}
	get := func(from engine.Place, headers ...string) int {
		code, _ := w.ask(from, http.MethodGet, path, headers...)
		return code
	}
	put := func(from engine.Place, headers ...string) int {
		code, _ := w.ask(from, http.MethodPut, "/latest/api/token", headers...)
		return code
	}
	want("without a token", get(host), 200)
	want("with one", get(host, tokenHeader, token(host)), 200)
	want("with one of another instance", get(host, tokenHeader, token(other)), 401)
	want("with nonsense", get(host, tokenHeader, "x"), 401)
	want("no time", put(host), 400)
	want("too long", put(host, ttlHeader, "21601"), 400)
	want("too short", put(host, ttlHeader, "0"), 400)
	want("through a proxy", put(host, ttlHeader, "60", "X-Forwarded-For", "1.2.3.4"), 403)
	w.options(model.MetadataOptions{Tokens: true, HopLimit: 1})
	want("without a token where it is required", get(host), 401)
	want("with one where it is required", get(host, tokenHeader, token(host)), 200)
	want("from a container, a token goes one hop further", put(engine.Place{Scope: here, Instance: "i-1", Task: "bridge"}, ttlHeader, "60"), 0)
	w.options(model.MetadataOptions{Off: true})
	want("switched off", get(host), 403)
	code, _ := w.ask(host, http.MethodPost, path)
	want("switched off, another method", code, 403)
	w.options(model.MetadataOptions{})
	code, _ = w.ask(host, http.MethodPost, path)
	want("another method", code, 405)
}

func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, token := w.ask(host, http.MethodPut, "/latest/api/token", ttlHeader, "60")
		time.Sleep(59 * time.Second)
		if code, _ := w.ask(host, http.MethodGet, "/latest/meta-data/instance-id", tokenHeader, token); code != 200 {
			t.Errorf("got %d", code)
		}
		time.Sleep(2 * time.Second)
		if code, _ := w.ask(host, http.MethodGet, "/latest/meta-data/instance-id", tokenHeader, token); code != 401 {
			t.Errorf("got %d", code)
		}
	})
}

// serve is the handler as an SDK on an instance sees it.
func (w *world) serve(from engine.Place) *imds.Client {
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.h.ServeHTTP(rw, r, from) }))
	w.t.Cleanup(srv.Close)
	return imds.New(imds.Options{Endpoint: srv.URL})
}

func TestAnSDKReadsIt(t *testing.T) {
	w := newWorld(t)
	w.options(model.MetadataOptions{Tokens: true})
	c := w.serve(host)
	region, err := c.GetRegion(t.Context(), nil)
	if err != nil || region.Region != "eu-west-1" {
		t.Errorf("got %v %v", region, err)
	}
	doc, err := c.GetInstanceIdentityDocument(t.Context(), nil)
	if err != nil || doc.InstanceID != "i-1" || doc.AccountID != here.Account || doc.PrivateIP != "172.31.0.5" || doc.AvailabilityZone != "eu-west-1a" {
		t.Errorf("got %+v %v", doc, err)
	}
	info, err := c.GetIAMInfo(t.Context(), nil)
	if err != nil || info.InstanceProfileArn != "arn:aws:iam::000000000000:instance-profile/machines" || info.InstanceProfileID != "AIPAM" {
		t.Errorf("got %+v %v", info, err)
	}
	data, err := c.GetUserData(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(data.Content); err != nil || string(raw) != "#!/bin/sh\n" {
		t.Errorf("got %q %v", raw, err)
	}
}

func TestAnSDKGetsTheInstanceRole(t *testing.T) {
	w := newWorld(t)
	provide := func(from engine.Place) *ec2rolecreds.Provider {
		return ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = w.serve(from) })
	}
	creds, err := provide(host).Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.do(here.Global(), func(tx *store.Tx) {
		row, _ := store.Sessions.Get(tx, creds.AccessKeyID)
		if row.Caller.ARN != "arn:aws:sts::000000000000:assumed-role/machine/i-1" || !session.Holds(row, creds.SessionToken) || row.Caller.Role != "arn:aws:iam::000000000000:role/machine" {
			t.Errorf("got %+v", row.Caller)
		}
	})
	if again, err := provide(host).Retrieve(t.Context()); err != nil || again.AccessKeyID != creds.AccessKeyID {
		t.Errorf("they changed at once: %v", err)
	}
	if _, err := provide(engine.Place{Scope: here, Instance: "i-3"}).Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AssumeRoleUnauthorizedAccess") {
		t.Errorf("a role that EC2 cannot assume: %v", err)
	}
	if _, err := provide(engine.Place{Scope: here, Instance: "i-2"}).Retrieve(t.Context()); err == nil {
		t.Error("an instance without a profile has a role")
	}
}
