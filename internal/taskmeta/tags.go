package taskmeta

import (
	"errors"
	"net/http"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/smithy-go"
)

// tagError is why tags are not told.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html
type tagError struct {
	ErrorField, ErrorCode, ErrorMessage string

	StatusCode  int    `json:",omitempty"`
	RequestId   string `json:",omitempty"`
	ResourceARN string
}

// tell adds the tags of a task and of its container instance. The agent on an instance asks ECS for them in the
// instance's role; version 3 says nothing of what it may not ask for. On Fargate AWS knows them itself.
func (h *Handler) tell(d *taskDocument, p page) {
	if p.OnFargate() {
		d.TaskTags = tags(p.Tags)
		return
	}
	_ = h.store.View(p.scope, func(tx *store.Tx) error {
		act, err := h.book.Agent(tx, p.machine, h.Strict)
		if err == nil {
			h.Uses.Saw(p.scope, act.Use("ecs", p.scope.Region))
		}
		d.ContainerInstanceTags = d.asked(p, "ContainerInstanceTags", "container-instance/"+p.Birth.Cluster+"/"+p.instance.ID, p.instance.Tags, act, err)
		d.TaskTags = d.asked(p, "TaskTags", "task/"+p.Birth.Cluster+"/"+p.ID, p.Tags, act, err)
		return nil
	})
}

// asked is the tags of one resource, or none and an error. fault is why nothing can be asked at all.
func (d *taskDocument) asked(p page, field, resource string, own model.Tags, act identity.Acting, fault error) map[string]string {
	arn := p.scope.ARN("ecs", resource)
	if fault == nil {
		fault = act.Ask(policy.Request{Action: "ecs:ListTagsForResource", Resource: arn, Context: identity.Tagged("ecs", own)}, nil)
	}
	if fault == nil {
		return tags(own)
	}
	e := tagError{ErrorField: field, ErrorMessage: fault.Error(), ResourceARN: arn}
	if denial, ok := errors.AsType[*smithy.GenericAPIError](fault); ok {
		e.ErrorCode, e.ErrorMessage, e.StatusCode, e.RequestId = denial.Code, denial.Message, http.StatusBadRequest, ids.UUID()
	}
	if p.version == "v4" {
		d.Errors = append(d.Errors, e)
	}
	return nil
}
