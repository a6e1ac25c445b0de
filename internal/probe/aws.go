package probe

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/config"
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
}

// aws makes one call with AWS's SDK and no configuration: region, endpoint and credentials are what the
// SDK finds in a container by itself.
func (s *server) aws(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	call, ok := calls[q.Get("call")]
	if !ok {
		refuse(w, "call: want sts:GetCallerIdentity, ecs:ListClusters or secretsmanager:GetSecretValue")
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
