package taskmeta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/rolecreds"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// What $ECS_AGENT_URI/task-protection/v1/state answers: one of the four, and the id of the request
// that ECS refused.
type (
	protectionState struct {
		RequestID  string      `json:"requestID,omitempty"`
		Protection *protection `json:"protection,omitempty"`
		Failure    *failure    `json:"failure,omitempty"`
		Error      *trouble    `json:"error,omitempty"`
	}
	protection struct {
		ExpirationDate    *time.Time
		ProtectionEnabled bool
		TaskArn           *string
	}
	failure struct{ Arn, Detail, Reason *string }
	trouble struct {
		Arn           string `json:",omitempty"`
		Code, Message string
	}
)

// wish is what a container may set.
type wish struct {
	ProtectionEnabled *bool
	ExpiresInMinutes  *int32
}

const (
	protectionPath = "task-protection/v1/state"
	longestWish    = 64 << 10
	ecsAnswersIn   = 4 * time.Second
)

// protection tells whether the task of the container with the id is protected from scale-in; PUT
// changes that. As the agent does, it asks ECS in the role of the task.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
func (h *Handler) protection(w http.ResponseWriter, r *http.Request, from engine.Place, id string) {
	var want *wish
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		want = &wish{}
		read := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestWish))
		read.DisallowUnknownFields()
		if err := read.Decode(want); err != nil {
			troubled(w, http.StatusBadRequest, trouble{Code: "InvalidParameterException", Message: "UpdateTaskProtection: failed to decode request"})
			return
		}
	default:
		w.Header().Set("Allow", "GET, PUT")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	p := page{version: "v4", id: id}
	if !h.find(&p, from) {
		troubled(w, http.StatusNotFound, trouble{Code: "ResourceNotFoundException", Message: "Failed to find a task for the request"})
		return
	}
	arn := p.scope.ARN("ecs", "task/"+p.Birth.Cluster+"/"+p.ID)
	if want != nil && want.ProtectionEnabled == nil {
		troubled(w, http.StatusBadRequest, trouble{arn, "InvalidParameterException", "Invalid request: does not contain 'ProtectionEnabled' field"})
		return
	}
	client, err := h.ecs(p.subject, r.RemoteAddr)
	switch {
	case errors.Is(err, rolecreds.ErrNotAssumed):
		troubled(w, http.StatusForbidden, trouble{arn, "AccessDeniedException", "Invalid Request: no task IAM role credentials available for task"})
	case err != nil:
		h.Log.Error("task protection", "task", p.ID, "err", err)
		troubled(w, http.StatusInternalServerError, trouble{arn, "ServerException", "Unexpected error occurred"})
	default:
		ctx, cancel := context.WithTimeout(r.Context(), ecsAnswersIn)
		defer cancel()
		status, s := asked(ctx, client, p.Birth.Cluster, arn, want)
		write(w, status, s)
	}
}

func troubled(w http.ResponseWriter, status int, t trouble) {
	write(w, status, protectionState{Error: &t})
}

// ecs is a client of ECS in the role of a task; remote is where the container asks from.
func (h *Handler) ecs(s subject, remote string) (*ecs.Client, error) {
	role := s.def.TaskRole(s.Birth.Overrides)
	if role == "" || h.APIs == nil {
		return nil, rolecreds.ErrNotAssumed
	}
	c, err := h.roles.For(rolecreds.Holder{Scope: s.scope, Service: identity.ForTasks, Role: role, Session: s.ID})
	if err != nil {
		return nil, err
	}
	return ecs.New(ecs.Options{Region: s.scope.Region, BaseEndpoint: aws.String("http://" + inProcess), HTTPClient: inside{h.APIs, remote}, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.ID, SecretAccessKey: c.Secret, SessionToken: c.Token}, nil
		})}), nil
}

// asked is what ECS says, as the agent tells it: a failure is no error.
func asked(ctx context.Context, c *ecs.Client, cluster, task string, want *wish) (int, protectionState) {
	protected, failures, err := ask(ctx, c, cluster, task, want)
	switch {
	case err != nil:
		return refused(err, task)
	case len(failures) == 1:
		f := failures[0]
		return http.StatusOK, protectionState{Failure: &failure{f.Arn, f.Detail, f.Reason}}
	case len(protected) == 1:
		t := protected[0]
		return http.StatusOK, protectionState{Protection: &protection{stamped(t.ExpirationDate), t.ProtectionEnabled, t.TaskArn}}
	}
	return http.StatusInternalServerError, protectionState{Error: &trouble{task, "ServerException", "Unexpected error occurred"}}
}

func ask(ctx context.Context, c *ecs.Client, cluster, task string, want *wish) ([]types.ProtectedTask, []types.Failure, error) {
	if want == nil {
		out, err := c.GetTaskProtection(ctx, &ecs.GetTaskProtectionInput{Cluster: &cluster, Tasks: []string{task}})
		if err != nil {
			return nil, nil, err
		}
		return out.ProtectedTasks, out.Failures, nil
	}
	out, err := c.UpdateTaskProtection(ctx, &ecs.UpdateTaskProtectionInput{Cluster: &cluster, Tasks: []string{task}, ProtectionEnabled: *want.ProtectionEnabled, ExpiresInMinutes: want.ExpiresInMinutes})
	if err != nil {
		return nil, nil, err
	}
	return out.ProtectedTasks, out.Failures, nil
}

// refused is an error of ECS, with its status and request.
func refused(err error, task string) (int, protectionState) {
	var api smithy.APIError
	var answer *awshttp.ResponseError
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, protectionState{Error: &trouble{task, "RequestCanceled", "Timed out calling ECS Task Protection API"}}
	case errors.As(err, &api) && errors.As(err, &answer):
		return answer.HTTPStatusCode(), protectionState{RequestID: answer.RequestID, Error: &trouble{task, api.ErrorCode(), api.ErrorMessage()}}
	}
	return http.StatusInternalServerError, protectionState{Error: &trouble{task, "ServerException", err.Error()}}
}

// stamped is an expiration date as the agent writes it: null for none.
func stamped(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// protects reports whether a path is $ECS_AGENT_URI/task-protection/v1/state.
func protects(p []string) bool {
	return p[0] == "api" && len(p) == 5 && strings.Join(p[2:], "/") == protectionPath
}
