package probe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// calls are those that aws makes.
var calls = map[string]func(context.Context, url.Values) (any, error){
	"sts:GetCallerIdentity": func(ctx context.Context, _ url.Values) (any, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	},
	"ecs:ListClusters": func(ctx context.Context, _ url.Values) (any, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return ecs.NewFromConfig(cfg).ListClusters(ctx, nil)
	},
	"secretsmanager:GetSecretValue": func(ctx context.Context, q url.Values) (any, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: new(q.Get("id"))})
	},
	"logs:StartLiveTail": func(ctx context.Context, q url.Values) (any, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return firstEvent(ctx, cloudwatchlogs.NewFromConfig(cfg), q.Get("id"))
	},
}

// firstEvent waits for the first event that arrives in a log group.
func firstEvent(ctx context.Context, c *cloudwatchlogs.Client, group string) (any, error) {
	out, err := c.StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{group}})
	if err != nil {
		return nil, err
	}
	s := out.GetStream()
	defer s.Close()
	for e := range s.Events() {
		if u, ok := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate); ok && len(u.Value.SessionResults) > 0 {
			return u.Value.SessionResults[0], nil
		}
	}
	return nil, cmp.Or(s.Err(), errors.New("the session ended without an event"))
}

// aws makes one call with AWS's SDK and no configuration: region, endpoint and credentials are what the
// SDK finds in a container by itself.
func (s *server) aws(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	call, ok := calls[q.Get("call")]
	if !ok {
		refuse(w, "call: want sts:GetCallerIdentity, ecs:ListClusters, secretsmanager:GetSecretValue or logs:StartLiveTail")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), fetchTimeout)
	defer cancel()
	out, err := call(ctx, q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	writeJSON(w, out)
}
