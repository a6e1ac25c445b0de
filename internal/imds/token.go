package imds

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

const (
	tokenHeader = "X-Aws-Ec2-Metadata-Token"
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	longest     = 21600 // seconds
)

// giveToken makes a token for as long as is asked for. A request that came through a proxy gets none; nor
// does one from further away than the hop limit lets the answer go: it waits for what never comes.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
func (h *Handler) giveToken(w http.ResponseWriter, r *http.Request, from engine.Place, i asked) {
	if i.far && i.Launch.Metadata.Hops() < 2 {
		<-r.Context().Done()
		return
	}
	if r.Header.Get("X-Forwarded-For") != "" {
		page(w, http.StatusForbidden)
		return
	}
	ttl, err := strconv.Atoi(r.Header.Get(ttlHeader))
	if err != nil || ttl < 1 || ttl > longest {
		page(w, http.StatusBadRequest)
		return
	}
	end := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(time.Duration(ttl)*time.Second).Unix()))
	w.Header().Set(ttlHeader, strconv.Itoa(ttl))
	text(w, base64.URLEncoding.EncodeToString(h.Vault.Seal(tokenOf(from), end)))
}

// passes reports whether a request may be answered: its token is good, or it has none and needs none.
func (h *Handler) passes(w http.ResponseWriter, r *http.Request, from engine.Place, i asked) bool {
	token := r.Header.Get(tokenHeader)
	if token == "" {
		return !i.Launch.Metadata.Tokens
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return false
	}
	end, err := h.Vault.Open(tokenOf(from), raw)
	if err != nil || len(end) != 8 {
		return false
	}
	left := time.Until(time.Unix(int64(binary.BigEndian.Uint64(end)), 0))
	w.Header().Set(ttlHeader, strconv.Itoa(int(left.Seconds())))
	return left > 0
}

// tokenOf is the place that the tokens of an instance are sealed for.
func tokenOf(from engine.Place) vault.Place {
	return vault.Place{Scope: from.Scope, Table: store.Instances.Name(), Key: from.Instance, Member: "metadata token"}
}
