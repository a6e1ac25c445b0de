package docker

import (
	"context"
	"regexp"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// sweepAge is how old the image of another build is before it is swept away at a start.
const sweepAge = time.Hour

// builtInTag is a tag that a build gives to its image; those of others are nobody's business here.
var builtInTag = regexp.MustCompile(`^` + builtInRepository + `:([0-9a-f]{12}|latest)$`)

// sweep removes the images of other builds than ref's that are so old and that no container uses, running
// or not. Another daemon that wants one all the same imports it again.
func (r *Runtime) sweep(ctx context.Context, ref string, age time.Duration) {
	all, err := r.cli.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", builtInRepository))})
	if err != nil {
		return
	}
	for _, old := range all {
		if !slices.Contains(old.RepoTags, ref) && time.Since(time.Unix(old.Created, 0)) >= age {
			r.removeBuild(ctx, old)
		}
	}
	if _, err := r.cli.ImageInspect(ctx, builtInRepository+":latest"); cerrdefs.IsNotFound(err) {
		_ = r.cli.ImageTag(ctx, ref, builtInRepository+":latest") // it was one of those
	}
}

// removeBuild removes an image of ours unless something uses it. The engine would refuse to remove the
// last tag only.
func (r *Runtime) removeBuild(ctx context.Context, old image.Summary) {
	users, err := r.cli.ContainerList(ctx, container.ListOptions{All: true, Limit: 1, Filters: filters.NewArgs(filters.Arg("ancestor", old.ID))})
	if err != nil || len(users) > 0 {
		return
	}
	for _, tag := range old.RepoTags {
		if builtInTag.MatchString(tag) {
			_, _ = r.cli.ImageRemove(ctx, tag, image.RemoveOptions{}) // refused if something uses it by now
		}
	}
}
