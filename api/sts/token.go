package sts

import (
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sessionToken makes a session of the user, or of the root, who asks.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func (o Options) sessionToken(tx *store.Tx, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	if err := wire.Refuse(in, "ValidationError", "SerialNumber", "TokenCode", "MinimumSessionTokenSize"); err != nil {
		return nil, err
	}
	caller := tx.Caller()
	if _, temporary := store.Sessions.Get(tx.In(tx.Scope().Global()), caller.Key); temporary {
		return nil, &wire.Error{Code: "AccessDenied", Status: 403, Message: "Cannot call GetSessionToken with session credentials"}
	}
	length, most := 12*time.Hour, 36*time.Hour
	if caller.ID == tx.Scope().Account {
		length, most = time.Hour, time.Hour
	}
	if in.DurationSeconds != nil {
		switch length = time.Duration(*in.DurationSeconds) * time.Second; {
		case length < shortest:
			return nil, outOfRange(*in.DurationSeconds, "greater than or equal to 900")
		case length > 36*time.Hour:
			return nil, outOfRange(*in.DurationSeconds, "less than or equal to 129600")
		}
	}
	caller.Key = ""
	c := session.Issue(tx, o.Vault, model.Session{Caller: caller, Expires: tx.Now().Add(min(length, most)).Truncate(time.Second)})
	return &sts.GetSessionTokenOutput{Credentials: show(c)}, nil
}
