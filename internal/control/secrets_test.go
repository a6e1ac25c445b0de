package control

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestSecretsGoWhenTheirRecoveryWindowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.do(func(tx *store.Tx) {
			for name, days := range map[string]time.Duration{"kept": 0, "a": 7, "b": 30, "restored": 7} {
				s := model.Secret{Name: name, Stages: map[string]string{model.StageCurrent: "1"}}
				if days > 0 {
					s.Deleted, s.Ends = tx.Now(), tx.Now().Add(days*24*time.Hour)
				}
				store.Secrets.Put(tx, s)
				store.SecretVersions.Put(tx, model.SecretVersion{Secret: name, ID: "1", Value: []byte("sealed")})
			}
		})
		left := func() (names []string) {
			w.do(func(tx *store.Tx) {
				for v := range store.SecretVersions.All(tx) {
					if _, ok := store.Secrets.Get(tx, v.Secret); !ok {
						t.Errorf("%s is left without its secret", v.Key())
					}
					names = append(names, v.Secret)
				}
			})
			return names
		}
		time.Sleep(3 * 24 * time.Hour)
		w.do(func(tx *store.Tx) {
			s, _ := store.Secrets.Get(tx, "restored")
			s.Deleted, s.Ends = time.Time{}, time.Time{}
			store.Secrets.Put(tx, s)
		})
		for _, c := range []struct {
			days int
			want string
		}{{3, "[a b kept restored]"}, {2, "[b kept restored]"}, {21, "[b kept restored]"}, {2, "[kept restored]"}} {
			time.Sleep(time.Duration(c.days) * 24 * time.Hour)
			synctest.Wait()
			if got := fmt.Sprint(left()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		}
	})
}

// secret makes a secret, deletes or restores it.
func (w *world) secret(rnd *rand.Rand, tx *store.Tx) {
	s, _ := store.Secrets.Get(tx, "db")
	s.Name = "db"
	if s.Deleted, s.Ends = (time.Time{}), (time.Time{}); rnd.IntN(2) == 0 {
		s.Deleted, s.Ends = tx.Now(), tx.Now().Add(time.Duration(rnd.IntN(20))*time.Minute)
	}
	store.Secrets.Put(tx, s)
	store.SecretVersions.Put(tx, model.SecretVersion{Secret: "db", ID: "1", Value: []byte("sealed")})
}
