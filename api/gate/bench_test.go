package gate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/ecs"
	"github.com/drydock-ecs/drydock/api/gate"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/api/wire/sigv4"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	ecsapi "github.com/aws/aws-sdk-go-v2/service/ecs"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
)

// BenchmarkGate checks the signature of a call and decides about it: of a user with one policy, of one
// among a thousand policies that the call does not concern, and of a role's session that a session policy
// limits. The target is 50 µs; cpu-µs/op is processor time, which other programs do not lengthen.
func BenchmarkGate(b *testing.B) {
	may := policy(allow("ecs:StopTask", scope.ARN("ecs", "task/web/*")))
	users := func(policies int) func(*world) aws.Credentials {
		return func(w *world) aws.Credentials {
			c := w.user("u", may)
			w.update(func(tx *store.Tx) {
				u, _ := store.Users.Get(tx, "u")
				for i := range policies - 1 {
					u.Inline = append(u.Inline, model.Inline{Name: fmt.Sprint("p", i), Document: policy(allow(fmt.Sprintf("ec2:Action%d", i), "*"))})
				}
				store.Users.Put(tx, u)
			})
			return c
		}
	}
	for _, c := range []struct {
		name string
		who  func(*world) aws.Credentials
	}{
		{"policies=1", users(1)},
		{"policies=1000", users(1000)},
		{"session", func(w *world) aws.Credentials {
			arn := w.role(model.Role{Name: "r", Trust: trusting("arn:aws:iam::111122223333:root", ""), Tags: model.Tags{{Key: "team", Value: "a"}}}, may)
			return must(w.assume(w.user("u", policy(allow("*", "*"))), &stsapi.AssumeRoleInput{RoleArn: &arn, Policy: &may}))(w)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, true)
			bench(b, w, c.who(w))
		})
	}
}

// bench is one caller's calls.
func bench(b *testing.B, w *world, c aws.Credentials) {
	g := gate.New(w.store, gate.Options{Vault: w.vault, Strict: true, Uses: w.uses, Log: slog.New(slog.DiscardHandler)})
	svc := ecs.Service(w.store, ecs.Options{})
	r, in := signed(b, c)
	b.ReportAllocs()
	began := processor(b)
	for b.Loop() {
		call := wire.Call{Scope: scope, Operation: "StopTask", AccessKey: c.AccessKeyID}
		s, err := sigv4.Read(r)
		if err == nil {
			err = g.Identify(&call, &svc, wire.Proof{Signature: s, Request: r})
		}
		if err == nil {
			err = g.Allow(call, &svc, in)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processor(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processor is the processor time of the process until now.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// signed is a call as the SDK signs it, and its input.
func signed(b *testing.B, c aws.Credentials) (sigv4.Request, any) {
	body := []byte(`{"cluster":"web","task":"0123456789abcdef0123456789abcdef"}`)
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.StopTask")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(b.Context(), c, r, hex.EncodeToString(sum[:]), "ecs", scope.Region, time.Now()); err != nil {
		b.Fatal(err)
	}
	return sigv4.Request{Method: r.Method, Path: "/", Host: r.URL.Host, Header: r.Header, Length: -1, Body: body},
		&ecsapi.StopTaskInput{Cluster: aws.String("web"), Task: aws.String("0123456789abcdef0123456789abcdef")}
}
