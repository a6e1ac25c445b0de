package handler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Open makes the default network of tx's scope, once. Ids follow from the scope alone, so they are
// the same in every run, and a compose file may name them.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
func Open(tx *store.Tx) {
	if _, ok := store.Regions.Get(tx, "region"); ok {
		return
	}
	sc := tx.Scope()
	MakeDefaultVPC(tx, func(what string) string { return derived(sc, what) })
	store.Certificates.Put(tx, model.Certificate{ID: uuid(sc, "certificate"), Created: tx.Now()})
	store.Regions.Put(tx, model.Region{Opened: tx.Now()})
}

// derived returns 17 hex digits that name one thing of a scope.
func derived(sc model.Scope, what string) string {
	sum := sha256.Sum256([]byte(sc.String() + "/" + what))
	return hex.EncodeToString(sum[:])[:17]
}

// uuid returns a UUID that names one thing of a scope.
func uuid(sc model.Scope, what string) string {
	d := sha256.Sum256([]byte(sc.String() + "/" + what))
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// zonePrefix shortens a region as zone ids do: us-east-1 becomes use1, ap-southeast-2 apse2.
//
// Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
func zonePrefix(region string) string {
	parts := strings.Split(region, "-")
	for i, p := range parts {
		switch short, ok := compass[p]; {
		case i == 0:
		case ok:
			parts[i] = short
		case p != "":
			parts[i] = p[:1]
		}
	}
	return strings.Join(parts, "")
}

// compass are the directions that zone ids write with two letters.
var compass = map[string]string{"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}
