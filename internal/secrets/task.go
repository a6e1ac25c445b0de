package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// Wants reports whether a task definition with those overrides names secrets, or a role by whose right its agent acts.
func Wants(def model.TaskDef, o *types.TaskOverride) bool {
	if def.ExecutionRole(o) != "" {
		return true
	}
	for _, c := range def.Doc.ContainerDefinitions {
		if len(c.Secrets) > 0 || c.LogConfiguration != nil && len(c.LogConfiguration.SecretOptions) > 0 {
			return true
		}
	}
	return false
}

// Reader reads what containers get.
type Reader struct {
	Store *store.Store
	Vault *vault.Vault
	Uses  *lastuse.Book // told of the roles that are used; nil for nobody
}

// Task is what the containers of one task get that is to start in a scope. It is safe for use by several
// goroutines.
type Task struct {
	Reader
	scope model.Scope
	def   model.TaskDef
	task  model.Task

	mu   sync.Mutex
	left map[string]engine.Secrets // read and not handed out, by container
}

// Task returns what the containers of a task are to get.
func (r Reader) Task(sc model.Scope, def model.TaskDef, t model.Task) *Task {
	return &Task{Reader: r, scope: sc, def: def, task: t}
}

// For returns the secrets of one container, read by the right of the task's execution role. Those of all
// containers are read when the first asks, since ECS starts no container of a task of which one secret is
// missing; each is handed out once, and read anew if it is asked for again. The error stops the task.
func (t *Task) For(container string) (engine.Secrets, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, ok := t.left[container]
	if !ok {
		all, err := t.read()
		if err != nil {
			return engine.Secrets{}, err
		}
		own, t.left = all[container], all
	}
	delete(t.left, container)
	return own, nil
}

// read reads what each container gets.
func (t *Task) read() (all map[string]engine.Secrets, err error) {
	err = t.Store.Update(t.scope, func(tx *store.Tx) error {
		all = map[string]engine.Secrets{}
		s, err := t.assume(tx, t.def, t.task.Birth.Overrides, t.task.ID)
		if err != nil {
			return &engine.Error{Name: engine.ResourceInit, Message: "unable to pull secrets or registry auth: " + err.Error()}
		}
		for _, c := range t.def.Doc.ContainerDefinitions {
			if all[*c.Name], err = t.container(tx, s, c); err != nil {
				return &engine.Error{Name: engine.ResourceInit, Message: "unable to pull secrets or registry auth: execution resource retrieval failed: " + err.Error()}
			}
			if err := s.mayLog(tx, c, t.task.ID); err != nil {
				return &engine.Error{Name: engine.ResourceInit, Message: err.Error()}
			}
		}
		return nil
	})
	return all, err
}

func (r Reader) container(tx *store.Tx, by *session, c types.ContainerDefinition) (s engine.Secrets, err error) {
	if c.RepositoryCredentials != nil {
		if s.Registry, err = r.login(tx, by, *c.RepositoryCredentials.CredentialsParameter); err != nil {
			return s, fmt.Errorf("unable to get registry auth from asm: service call has been retried 1 time(s): %w", err)
		}
	}
	if s.Env, err = r.all(tx, by, c.Secrets); err != nil || c.LogConfiguration == nil {
		return s, err
	}
	s.LogOptions, err = r.all(tx, by, c.LogConfiguration.SecretOptions)
	return s, err
}

func (r Reader) all(tx *store.Tx, by *session, list []types.Secret) (map[string]string, error) {
	values := make(map[string]string, len(list))
	for _, s := range list {
		value, err := r.value(tx, by, *s.ValueFrom)
		if err != nil {
			return nil, err
		}
		values[*s.Name] = value
	}
	return values, nil
}

// value reads what one valueFrom names. The errors are worded as those of ECS's own agent.
func (r Reader) value(tx *store.Tx, by *session, valueFrom string) (string, error) {
	ref, err := ParseReference(valueFrom)
	if err != nil {
		return "", err
	}
	at := tx.In(ref.Scope(tx.Scope()))
	if ref.Secret == "" {
		return r.parameter(at, by, ref.Parameter)
	}
	value, err := r.secret(at, by, ref)
	if err != nil {
		return "", fmt.Errorf("unable to retrieve secret from asm: service call has been retried 1 time(s): %w", err)
	}
	return value, nil
}

func (r Reader) parameter(tx *store.Tx, by *session, name string) (string, error) {
	bare, _ := Split(name)
	arn := bare
	if _, is := model.ParseARN(bare); !is {
		arn = tx.Scope().ParameterARN(bare)
	}
	p, _ := FindParameter(tx, bare)
	if err := by.may(policy.Request{Action: "ssm:GetParameters", Resource: arn, Context: identity.Tagged("ssm", p.Tags)}, nil); err != nil {
		return "", fmt.Errorf("unable to retrieve secrets from ssm: service call has been retried 1 time(s): %w", called("SSM: GetParameters", err))
	}
	v, err := ParameterVersion(tx, name)
	if err != nil {
		return "", fmt.Errorf("unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: %s", name)
	}
	value, err := OpenParameter(tx.Scope(), r.Vault, v)
	if err != nil {
		return "", fmt.Errorf("unable to retrieve secrets from ssm: service call has been retried 1 time(s): %w", called("SSM: GetParameters", err))
	}
	return value, nil
}

func (r Reader) secret(tx *store.Tx, by *session, ref Reference) (string, error) {
	value, text, err := r.fetch(tx, by, ref)
	switch {
	case err != nil:
		return "", fmt.Errorf("failed to fetch secret %s from secrets manager: %w", ref.Secret, called("Secrets Manager: GetSecretValue", err))
	case !text:
		return "", fmt.Errorf("secret %s has no SecretString: only text is passed to containers", ref.Secret)
	case ref.JSONKey == "":
		return string(value), nil
	}
	return member(value, ref.JSONKey)
}

// fetch is GetSecretValue, called by the right of a role: of another account, its own policies and that of the
// secret must both allow it. The error is that of the call.
func (r Reader) fetch(tx *store.Tx, by *session, ref Reference) (value []byte, text bool, err error) {
	s, missing := Find(tx, ref.Secret)
	arn := ref.Secret
	switch _, whole := model.ParseARN(arn); {
	case missing == nil:
		arn = s.ARN(tx.Scope())
	case !whole:
		arn = tx.Scope().ARN("secretsmanager", "secret:"+arn)
	}
	on, err := identity.OnResource(arn, s.Policy)
	if err != nil {
		return nil, false, err
	}
	if err := by.may(policy.Request{Action: "secretsmanager:GetSecretValue", Resource: arn, Context: ref.keys(arn, s.Tags)}, on); err != nil {
		return nil, false, err
	}
	switch {
	case missing != nil:
		return nil, false, missing
	case tx.Scope().Account != by.Account():
		return nil, false, Foreign()
	}
	v, err := Version(tx, s, ref.Version, ref.Stage)
	if err != nil {
		return nil, false, err
	}
	value, err = Open(tx, r.Vault, s, v)
	return value, !v.Binary, err
}

// keys are the condition keys of reading the secret with an ARN.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
func (r Reference) keys(arn string, tags model.Tags) policy.Context {
	keys := identity.Tagged("secretsmanager", tags)
	keys.Set("secretsmanager:SecretId", arn)
	if r.Stage != "" {
		keys.Set("secretsmanager:VersionStage", r.Stage)
	}
	if r.Version != "" {
		keys.Set("secretsmanager:VersionId", r.Version)
	}
	return keys
}

// called words the failure of a call as the SDK in the agent does.
func called(operation string, err error) error {
	var denied *smithy.GenericAPIError
	if errors.As(err, &denied) {
		return refusal(operation, denied)
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	return fmt.Errorf("operation error %s, https response error StatusCode: 400, RequestID: %s, %s: %s", operation, ids.UUID(), api.ErrorCode(), api.ErrorMessage())
}

// member returns the value of one key of a JSON object: of text the text, of anything else its JSON.
func member(object []byte, key string) (string, error) {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil { // its error tells parts of the value
		return "", errors.New("retrieved secret from Secrets Manager is not a JSON object, and a json key is asked for: " + key)
	}
	raw, ok := all[key]
	if !ok {
		return "", errors.New("retrieved secret from Secrets Manager did not contain json key " + key)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil && !bytes.Equal(raw, []byte("null")) {
		return text, nil
	}
	return strings.TrimSpace(string(raw)), nil
}
