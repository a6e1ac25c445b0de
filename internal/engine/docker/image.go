package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
)

// pullSilence is how long a pull may say nothing.
//
// Source: amazon-ecs-agent, ECS_IMAGE_PULL_INACTIVITY_TIMEOUT.
const pullSilence = time.Minute

// builtInRepository is the image that needs no registry, under any tag.
const builtInRepository = "drydock/probe"

func (r *Runtime) isBuiltIn(name string) bool {
	return r.probe != nil && (name == builtInRepository || strings.HasPrefix(name, builtInRepository+":"))
}

// pull fetches an image from its registry.
func (r *Runtime) pull(ctx context.Context, name string, as engine.Login) error {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return err
	}
	auth, err := encoded(as)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(pullSilence, func() { cancel(errors.New("inactivity time exceeded timeout while pulling image")) })
	defer silence.Stop()
	// Without a tag the engine would fetch every one.
	body, err := r.cli.ImagePull(ctx, reference.TagNameOnly(ref).String(), image.PullOptions{RegistryAuth: auth})
	if err == nil {
		err = progress(body, func() { silence.Reset(pullSilence) })
	}
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// progress reads what the engine says while it fetches an image, to the end, and returns the error
// that it may end with.
func progress(body io.ReadCloser, each func()) error {
	defer body.Close()
	for d := json.NewDecoder(body); ; each() {
		var line struct{ Error string }
		switch err := d.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}

// digest returns the repository digest of the image that a container really runs; empty for one
// that no registry knows. It costs a call once for each image.
func (r *Runtime) digest(ctx context.Context, name, id string) string {
	key := name + " " + id
	if d, ok := r.digests.Load(key); ok {
		return d.(string)
	}
	in, err := r.cli.ImageInspect(ctx, id)
	if err != nil {
		return ""
	}
	d := repoDigest(name, in.RepoDigests)
	r.digests.Store(key, d)
	return d
}

// digestOf finds the repository digest of the image of s while its container is being started.
func (r *Runtime) digestOf(ctx context.Context, s engine.Spec) <-chan string {
	c := make(chan string, 1)
	if r.isBuiltIn(s.Image) {
		c <- ""
		return c
	}
	go func() {
		in, err := r.cli.ImageInspect(ctx, s.Image)
		if err != nil {
			c <- ""
			return
		}
		c <- repoDigest(s.Image, in.RepoDigests)
	}()
	return c
}

// repoDigest picks the digest under the repository that name means.
func repoDigest(name string, known []string) string {
	want, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return ""
	}
	for _, k := range known {
		have, err := reference.ParseNormalizedNamed(k)
		if c, ok := have.(reference.Canonical); err == nil && ok && have.Name() == want.Name() {
			return c.Digest().String()
		}
	}
	return ""
}

// EnsureProbe makes sure that the engine has the built-in image of this daemon and returns its
// name, tagged by content: daemons of different versions on one engine do not disturb each other.
// The tag latest follows the last daemon, for people.
func (r *Runtime) EnsureProbe(ctx context.Context) (ref string, err error) {
	if p := r.builtIn.Load(); p != nil {
		return *p, nil
	}
	select {
	case r.importing <- struct{}{}:
		defer func() { <-r.importing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if p := r.builtIn.Load(); p != nil {
		return *p, nil
	}
	if r.probe == nil {
		return "", fmt.Errorf("%s: this daemon carries no built-in image", builtInRepository)
	}
	img, err := r.probe()
	if err != nil {
		return "", fmt.Errorf("%s: %w", builtInRepository, err)
	}
	ref = img.Repository + ":" + img.Tag
	_, err = r.cli.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		err = r.load(ctx, img, ref)
	}
	if err == nil {
		err = r.cli.ImageTag(ctx, ref, img.Repository+":latest")
	}
	if err != nil {
		return "", fmt.Errorf("import %s: %w", ref, err)
	}
	r.sweep(ctx, ref, sweepAge)
	r.builtIn.Store(&ref)
	return ref, nil
}

// reimport brings the built-in image back after someone removed it.
func (r *Runtime) reimport(ctx context.Context, ref string) error {
	r.builtIn.CompareAndSwap(r.builtIn.Load(), nil)
	again, err := r.EnsureProbe(ctx)
	if err == nil && again != ref {
		err = fmt.Errorf("%s became %s", ref, again)
	}
	return err
}

// load imports a built-in image.
func (r *Runtime) load(ctx context.Context, img engine.Image, ref string) error {
	v, err := r.cli.ServerVersion(ctx)
	if err != nil {
		return err
	}
	if v.Os != "linux" || goArch(v.Arch) != img.Arch {
		return fmt.Errorf("the engine runs %s/%s and this binary is linux/%s; run Drydock's build for the engine's machine", v.Os, v.Arch, img.Arch)
	}
	tar, w := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.CloseWithError(img.Tar(w))
	}()
	defer func() { tar.Close(); <-written }()
	body, err := r.cli.ImageImport(ctx, image.ImportSource{Source: tar, SourceName: "-"}, ref,
		image.ImportOptions{Message: "built into drydock", Changes: img.Changes})
	if err != nil {
		return err
	}
	return progress(body, func() {})
}
