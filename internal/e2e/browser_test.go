package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// TestThePictureInABrowser opens the picture of a service of two, and sees its tasks and the lines
// that only the script draws.
func TestThePictureInABrowser(t *testing.T) {
	browser := needBrowser(t)
	d := start(t, needEngine(t))
	if dom := browser.open(t, "http://"+d.addr+"/_drydock/"); !strings.Contains(dom, "Nothing runs here yet") {
		t.Errorf("the picture of nothing does not say how to begin:\n%s", dom)
	}
	w := startWeb(d, 2)
	dom := browser.open(t, "http://"+d.addr+"/_drydock/")
	for _, task := range w.tasks() {
		_, id, _ := strings.Cut(*task.TaskArn, "/"+cluster+"/")
		if !strings.Contains(dom, `data-id="task:`+id+`"`) {
			t.Errorf("the picture does not show task %s", id)
		}
	}
	if n := strings.Count(dom, `<path d="M`); n != 3 {
		t.Errorf("the script drew %d lines, want 1 from the listener and 2 from targets", n)
	}
	if n := strings.Count(dom, `class="pill healthy"`); n < 2 {
		t.Errorf("the picture shows %d healthy targets, want 2", n)
	}
	if t.Failed() {
		t.Logf("the page:\n%s", dom)
	}
}

// attack is a page of another origin that tries what a page can to make a cluster, and to read what
// is there. It tells its own server how each ended; its last image, which that server holds back until
// then, keeps it from being loaded before.
const attack = `<!doctype html><title>attack</title>
<img src="%[1]s/?Action=CreateCluster&clusterName=image">
<iframe name="sink"></iframe>
<form id="form" method="post" action="%[1]s/" enctype="text/plain" target="sink">
<input name='{"clusterName":"form","x":"' value='"}'></form>
<script>
const tell = (what, how) => fetch("/told?" + what + "=" + how);
document.getElementById("form").submit();
(async () => {
  const body = JSON.stringify({ clusterName: "script" });
  const target = { "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster", "Content-Type": "application/x-amz-json-1.1" };
  const tries = {
    cors: () => fetch("%[1]s/", { method: "POST", headers: target, body }),
    simple: () => fetch("%[1]s/", { method: "POST", body }),
    read: () => fetch("%[1]s/_drydock/ps"),
    blind: () => fetch("%[1]s/_drydock/reset", { method: "POST", mode: "no-cors" }),
  };
  for (const [what, call] of Object.entries(tries)) {
    let how = "refused";
    try { how = (await call()).type; } catch (e) { }
    await tell(what, how);
  }
  await tell("all", "done");
})();
</script>
<img src="/held">`

// TestAPageOfAnotherOriginCannotDriveTheAPI lets a real browser open a page that attacks the daemon.
func TestAPageOfAnotherOriginCannotDriveTheAPI(t *testing.T) {
	browser := needBrowser(t)
	d := start(t, nil, "--engine", "sim")
	d.awaitInstance()
	_, port, _ := net.SplitHostPort(d.addr)
	told := &answers{done: make(chan struct{})}
	evil := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/told":
			told.add(r.URL.RawQuery)
			return
		case "/held":
			told.wait(r.Context())
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, attack, "http://localhost:"+port)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = evil.Serve(l) })
	defer serving.Wait()
	defer evil.Close()
	_, own, _ := net.SplitHostPort(l.Addr().String())

	dom := browser.open(t, "http://localhost:"+own+"/")
	want := "cors=refused simple=refused read=refused blind=opaque all=done" // opaque: sent, and the answer is not shown
	if got := told.String(); got != want {
		t.Errorf("the page was told %q, want %q; it is now\n%s", got, want, dom)
	}
	if out := must(d.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})); len(out.ClusterArns) != 1 {
		t.Errorf("clusters: %v, want default alone", out.ClusterArns)
	}
	out := must(d.ecs.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{cluster}}))
	if n := aws.ToInt32(&out.Clusters[0].RegisteredContainerInstancesCount); n != 1 {
		t.Errorf("%d container instances, want 1: the daemon was reset", n)
	}
}

// answers collects what a page tells, until it tells that all is done.
type answers struct {
	mu   sync.Mutex
	list []string
	done chan struct{}
}

func (a *answers) wait(ctx context.Context) {
	select {
	case <-a.done:
	case <-ctx.Done():
	}
}

func (a *answers) add(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, s)
	if s == "all=done" {
		close(a.done)
	}
}

func (a *answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.list, " ")
}

// chromium is the path of a browser.
type chromium string

// needBrowser returns a browser. Without one a test is skipped, but where DRYDOCK_TEST_BROWSER=required says
// that there must be one (make test, where it could install it): there it fails.
func needBrowser(t *testing.T) chromium {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return chromium(path)
		}
	}
	if os.Getenv("DRYDOCK_TEST_BROWSER") == "required" {
		t.Fatal("no Chromium is on the PATH")
	}
	t.Skip("no Chromium is on the PATH")
	return ""
}

// open shows a page and returns its document once it is loaded and its deferred scripts ran.
func (c chromium) open(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, string(c), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1400,1000",
		"--user-data-dir="+t.TempDir(), "--dump-dom", url)
	cmd.Env = append(os.Environ(), "no_proxy=*", "NO_PROXY=*")
	var log strings.Builder
	cmd.Stderr = &log
	cmd.WaitDelay = 5 * time.Second // a child may hold its pipes
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, log.String())
	}
	return string(out)
}
