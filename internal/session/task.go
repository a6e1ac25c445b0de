package session

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// TaskPath is where at 169.254.170.2 the containers of a task ask for the credentials of its role. It
// is the task's as long as that lives, also after a restart of the daemon, stands in no row, and
// nobody guesses it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
func TaskPath(v *vault.Vault, sc model.Scope, task string) string {
	return "/v2/credentials/" + secretID(v, sc, task, "credentials")
}

// ContainerID is by what one container of a task asks there about itself.
func ContainerID(v *vault.Vault, sc model.Scope, task, container string) string {
	return secretID(v, sc, task, "metadata/"+container)
}

// secretID has the form of a random UUID.
func secretID(v *vault.Vault, sc model.Scope, task, member string) string {
	b := v.Name(vault.Place{Scope: sc, Table: store.Tasks.Name(), Key: task, Member: member})
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
