package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// TestExternalDeploymentByHand plays the page docs/external-deployments.md: while traffic moves from
// one task set to the next no request fails, and in the end the new one alone is there.
func TestExternalDeploymentByHand(t *testing.T) {
	d := start(t, needEngine(t))
	w := &web{daemon: d, port: freePort(t), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}}
	t.Cleanup(w.http.CloseIdleConnections)
	blue, green := told(t, "blue"), told(t, "green")
	state := t.TempDir() + "/state" // what the second part knows of the first
	w.play(t, blue+"\ndeclare -p PORT BLUE GREEN LISTENER OLD >"+state+"\ndeclare -f >>"+state)
	w.answers(t, "one")
	stop := w.load()
	w.play(t, "source "+state+"\n"+green)
	w.answers(t, "two")
	ok, failed := stop()
	t.Logf("%d requests answered, %d failed", ok, len(failed))
	if ok < 100 || len(failed) > 0 {
		t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
	}
	await(t, 60*time.Second, func() error {
		s := must(d.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("demo"), Services: []string{"web"}})).Services[0]
		if len(s.TaskSets) != 1 || *s.TaskSets[0].Status != "PRIMARY" || s.RunningCount != 2 || !strings.HasSuffix(*s.TaskDefinition, "web:2") {
			return fmt.Errorf("%d task sets, %d tasks run; %s", len(s.TaskSets), s.RunningCount, firstEvents(s.Events))
		}
		return nil
	})
}

// told returns the part of that name of the page's story.
func told(t *testing.T, part string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/external-deployments.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "<!-- story: "+part+" -->\n```sh\n")
	script, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		t.Fatalf("the page has no story %s", part)
	}
	return script
}

// answers checks which version the load balancer's answer is of.
func (w *web) answers(t *testing.T, version string) {
	t.Helper()
	resp, err := w.http.Get(fmt.Sprintf("http://127.0.0.1:%d/env?name=VERSION", w.port))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || strings.TrimSpace(string(body)) != version {
		t.Errorf("version %q answers (%v), want %q", body, err, version)
	}
}

// play runs a part of a story.
func (w *web) play(t *testing.T, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", oldClient+script)
	cmd.Env = append(w.awsEnv(), fmt.Sprint("PORT=", w.port), "PATH="+pathWith(t))
	began := time.Now()
	out, err := cmd.CombinedOutput()
	t.Logf("%v\n%s", time.Since(began), out)
	if err != nil {
		t.Fatalf("the story fails: %v", err)
	}
}
