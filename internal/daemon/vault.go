package daemon

import (
	"errors"
	"fmt"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// openVault takes the data key that the environment or the data directory has, and makes one as long
// as nothing is encrypted. A key that does not open what is there ends the start.
func (d *daemon) openVault() (*vault.Vault, error) {
	from := d.home.path("data-key")
	if d.DataKey != "" {
		from = "DRYDOCK_DATA_KEY"
	}
	key, err := d.dataKey()
	if err != nil {
		return nil, err
	}
	v := vault.New(key)
	if d.store.Sealed() && !v.Proves(d.proof()) {
		return nil, fmt.Errorf("the data key of %s is not the one that the secrets of %s are encrypted with: put that one there", from, d.home.dir)
	}
	return v, d.prove(v)
}

func (d *daemon) dataKey() (vault.Key, error) {
	if d.DataKey != "" {
		key, err := vault.ParseKey(d.DataKey)
		if err != nil {
			return key, fmt.Errorf("DRYDOCK_DATA_KEY: %w", err)
		}
		return key, nil
	}
	path := d.home.path("data-key")
	key, err := vault.ReadKey(path)
	switch {
	case err == nil:
		return key, nil
	case !errors.Is(err, vault.ErrNoKey):
		return key, fmt.Errorf("read the data key: %w", err)
	case d.store.Sealed():
		return key, fmt.Errorf("there are secrets, and %s with the key that they are encrypted with is missing: put it back, or set DRYDOCK_DATA_KEY", path)
	}
	key = vault.NewKey()
	if err := vault.WriteKey(path, key); err != nil {
		return key, fmt.Errorf("write the data key: %w", err)
	}
	return key, nil
}

func (d *daemon) proof() (sealed []byte) {
	_ = d.store.View(model.Scope{}, func(tx *store.Tx) error {
		row, _ := store.DataKeys.Get(tx, model.DataKey{}.Key())
		sealed = row.Proof
		return nil
	})
	return sealed
}

// prove leaves a row by which the next start knows v's key, if there is none yet.
func (d *daemon) prove(v *vault.Vault) error {
	if v.Proves(d.proof()) {
		return nil
	}
	return d.store.Update(model.Scope{}, func(tx *store.Tx) error {
		store.DataKeys.Put(tx, model.DataKey{Proof: v.Proof()})
		return nil
	})
}
