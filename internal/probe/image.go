package probe

import (
	"archive/tar"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// Repository is the image's name; any tag of it means the running binary.
const Repository = "drydock/probe"

// layout changes whenever the image is made in another way out of the same binary.
const layout = "2"

// Image returns the image of the running binary.
func Image() (engine.Image, error) {
	path, err := os.Executable()
	if err != nil {
		return engine.Image{}, err
	}
	return ImageOf(path)
}

// ImageOf returns the image of the binary at path, which must need nothing but a Linux kernel: it
// is all that is in the image besides a few lines in /etc.
func ImageOf(path string) (engine.Image, error) {
	arch, err := static(path)
	if err != nil {
		return engine.Image{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return engine.Image{}, err
	}
	defer f.Close()
	sum := sha256.New()
	_, _ = io.WriteString(sum, layout)
	if _, err := io.Copy(sum, f); err != nil {
		return engine.Image{}, fmt.Errorf("read %s: %w", path, err)
	}
	return engine.Image{
		Repository: Repository, Tag: hex.EncodeToString(sum.Sum(nil))[:12], Arch: arch,
		Changes: []string{`ENTRYPOINT ["/drydock","probe"]`, "ENV PATH=/", "WORKDIR /"},
		Tar:     func(w io.Writer) error { return writeTar(w, path) },
	}, nil
}

// static returns the architecture of a binary that runs in an empty image, or says why it does not.
func static(path string) (arch string, err error) {
	f, err := elf.Open(path)
	var unreadable *os.PathError
	if errors.As(err, &unreadable) {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("%s is no Linux binary: the built-in image needs one; run Drydock's Linux build, or use an image from a registry", path)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s is linked to shared libraries: the built-in image needs a static binary; build it with CGO_ENABLED=0", path)
		}
	}
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	case elf.EM_ARM:
		return "arm", nil
	case elf.EM_386:
		return "386", nil
	}
	return "", fmt.Errorf("%s is built for %s, which the built-in image does not know", path, f.Machine)
}

// writeTar writes the root file system: the binary, a place for temporary files, and names for root
// and nobody.
func writeTar(w io.Writer, path string) error {
	t := tar.NewWriter(w)
	for _, h := range []tar.Header{
		{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir},
		{Name: "etc/", Mode: 0o755, Typeflag: tar.TypeDir},
	} {
		if err := t.WriteHeader(&h); err != nil {
			return err
		}
	}
	for _, f := range [...]struct{ name, text string }{
		{"etc/passwd", "root:x:0:0:root:/:/drydock\nnobody:x:65534:65534:nobody:/:/drydock\n"},
		{"etc/group", "root:x:0:\nnogroup:x:65534:\n"},
		{"etc/nsswitch.conf", "hosts: files dns\n"},
	} {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text))}); err != nil {
			return err
		}
		if _, err := io.WriteString(t, f.text); err != nil {
			return err
		}
	}
	if err := addFile(t, "drydock", path); err != nil {
		return err
	}
	return t.Close()
}

func addFile(t *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: st.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
