package gate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
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
)

// BenchmarkGate checks the signature of a call and decides about it: of a user with one policy, and of
// one among a thousand policies that the call does not concern. The target is 50 µs.
func BenchmarkGate(b *testing.B) {
	for _, policies := range []int{1, 1000} {
		b.Run(fmt.Sprintf("policies=%d", policies), func(b *testing.B) {
			w := newWorld(b, true)
			c := w.user("u", policy(allow("ecs:StopTask", scope.ARN("ecs", "task/web/*"))))
			w.update(func(tx *store.Tx) {
				u, _ := store.Users.Get(tx, "u")
				for i := range policies - 1 {
					u.Inline = append(u.Inline, model.Inline{Name: fmt.Sprint("p", i), Document: policy(allow(fmt.Sprintf("ec2:Action%d", i), "*"))})
				}
				store.Users.Put(tx, u)
			})
			g := gate.New(w.store, gate.Options{Vault: w.vault, Strict: true, Uses: w.uses, Log: slog.New(slog.DiscardHandler)})
			svc := ecs.Service(w.store, ecs.Options{})
			r, in := signed(b, c)
			b.ReportAllocs()
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
		})
	}
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
