package nic

import (
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// lastPublic finds in what a store keeps the public address that was given last.
type lastPublic struct{ pool netip.Prefix }

// Public returns the next address of pool, which are addresses of this machine, that nobody has in any
// scope; false when there is none. It goes round, so that an address is not given to another one at
// once after it was freed.
func Public(tx *store.Tx, pool netip.Prefix) (string, bool) {
	if !pool.IsValid() || pool.Addr().BitLen()-pool.Bits() < 2 {
		return "", false
	}
	pool = pool.Masked()
	keep, scopes := tx.Keep(), tx.Scopes()
	a, known := keep[lastPublic{pool}].(netip.Addr)
	if !known {
		a = pool.Addr()
	}
	for range 1<<(pool.Addr().BitLen()-pool.Bits()) - 2 {
		if a = a.Next(); !pool.Contains(a.Next()) { // the last one is nobody's, as the first is
			a = pool.Addr().Next()
		}
		if publicTaken(tx, scopes, a.String()) {
			continue
		}
		if keep != nil {
			keep[lastPublic{pool}] = a // not taken back with tx: to leave one out does no harm
		}
		return a.String(), true
	}
	return "", false
}

func publicTaken(tx *store.Tx, scopes []model.Scope, address string) bool {
	for _, sc := range scopes {
		if in := tx.In(sc); store.NetworkInterfacesByPublic.Any(in, address) || store.ElasticIPsByAddress.Any(in, address) {
			return true
		}
	}
	return false
}
