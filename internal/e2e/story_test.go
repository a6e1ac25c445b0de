package e2e

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestReadmeStory runs the README's aws commands as they stand there, with nothing but a listener
// port that is free.
func TestReadmeStory(t *testing.T) {
	engine := needEngine(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "<!-- story -->")
	_, rest, fenced := strings.Cut(rest, "```sh\n")
	story, _, closed := strings.Cut(rest, "\n```")
	if !found || !fenced || !closed {
		t.Fatal("README.md has no story")
	}
	d := start(t, engine)
	script := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", oldClient+story)
	script.Env = append(d.awsEnv(), "IMAGE=drydock/probe", "PORT="+strconv.Itoa(freePort(t)), "PATH="+pathWith(t))
	began := time.Now()
	out, err := script.CombinedOutput()
	t.Logf("%v\n%s", time.Since(began), out)
	if err != nil {
		t.Fatalf("the README's story fails: %v", err)
	}
}

// oldClient gives the endpoint to clients that do not know AWS_ENDPOINT_URL, as the README says for
// those before 1.29 and 2.13.
const oldClient = `
v=$(aws --version | sed 's|^aws-cli/||; s| .*||'); major=${v%%.*}; minor=${v#*.}; minor=${minor%%.*}
if (( major == 1 && minor < 29 || major == 2 && minor < 13 )); then
  aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
fi
`

// pathWith returns a PATH on which `drydock` is the binary under test.
func pathWith(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(binary, dir+"/drydock"); err != nil {
		t.Fatal(err)
	}
	return dir + ":" + os.Getenv("PATH")
}
