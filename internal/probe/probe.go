// Package probe is the program inside the image drydock/probe: a web server that says who answered
// and misbehaves on request, so that every demonstration and test works without a registry. It
// also makes that image, out of the running binary. Nothing in it knows the control plane.
//
// It listens on $PORT (80). Besides that it reads these variables, all of them optional:
//
//	DRYDOCK_INSTANCE_ID     EC2 instance id
//	DRYDOCK_TASK_ARN        task ARN
//	DRYDOCK_CONTAINER_NAME  the container's name in the task definition
//	UDP_PORT                a port on which datagrams are sent back as they came; none without it
//	DRYDOCK_METADATA        "stdin": one line of JSON comes on the standard input, which says what is
//	                        known only after the start: container id, host ports, cluster, task ARN
//
// Paths:
//
//	/                      who answered, and the request as it came, as JSON; also every path not named here
//	/healthz               200, or 503 once it was told to stop
//	/status?code=          that status, 200 to 599
//	/sleep?ms=             answers after 0 to 300000 ms
//	/burn?cpu=&seconds=    keeps that many cores busy (0 to 64, fractions too) for 1 to 3600 s
//	/alloc?mb=&seconds=    holds that much memory (0 to 65536 MiB) for 1 to 3600 s
//	/exit?code=            ends the process, 0 to 255
//	/env?name=             the value of one variable
//	/fetch?url=            what another server answers; also to another method= and a body=
//	/aws?call=&id=         what AWS answers to the SDK without any configuration: sts:GetCallerIdentity,
//	                       ecs:ListClusters, secretsmanager:GetSecretValue of the secret id, or the first
//	                       event of logs:StartLiveTail of the log group whose ARN id is
//	/ws                    a web socket that echoes
//	/self                  the process as it is: user, groups, arguments, directory, terminal, limits
//	/file?path=            a file, or the names in a directory, as the container sees them
//	/write?path=&text=     makes a file of that text
//	/print?text=&lines=    writes that many numbered lines (1 to 1000000) to the standard output
//	/zeros?mib=            that many mebibytes (1 to 65536)
//
// burn and alloc answer at once and replace what the same path began before; 0 ends it.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// drain is how long requests in flight may take once the server was told to stop. The task's
// stopTimeout normally ends it sooner.
const drain = 2 * time.Minute

// Main is the whole program: with no arguments the server, with "check" and perhaps a URL a health
// check that exits 0 or 1, with "pause" a process that holds namespaces for others until it is
// told to stop. It returns the exit code.
func Main(ctx context.Context, args []string, env func(string) string, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case len(args) == 0:
		var code int
		if code, err = serve(ctx, env, stderr); err == nil {
			return code
		}
	case args[0] == "pause" && len(args) == 1:
		pause(ctx)
		return 0
	case args[0] == "check" && len(args) <= 2:
		url := "http://127.0.0.1:" + port(env) + "/healthz"
		if len(args) == 2 {
			url = args[1]
		}
		err = check(ctx, url)
	default:
		fmt.Fprintln(stderr, "usage: drydock probe [check [URL] | pause]")
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, "probe:", err)
		return 1
	}
	return 0
}

func port(env func(string) string) string {
	if p := env("PORT"); p != "" {
		return p
	}
	return "80"
}

// check succeeds when url answers 2xx or 3xx within four seconds.
func check(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		return fmt.Errorf("%s answered %s", url, res.Status)
	}
	return nil
}

// serve is the server, with a line in the log for its beginning and its end.
func serve(ctx context.Context, env func(string) string, log io.Writer) (code int, err error) {
	l, err := net.Listen("tcp", ":"+port(env))
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(log, "probe: listening on", l.Addr())
	if p := env("UDP_PORT"); p != "" {
		c, err := net.ListenPacket("udp", ":"+p)
		if err != nil {
			return 0, errors.Join(err, l.Close())
		}
		defer c.Close()
		go echoDatagrams(c) // ends with the process
	}
	said := make(chan struct{})
	context.AfterFunc(ctx, func() {
		fmt.Fprintln(log, "probe: told to stop, finishing requests")
		close(said)
	})
	code, err = Serve(ctx, l, env, input(env))
	if ctx.Err() != nil {
		<-said
	}
	if err == nil {
		fmt.Fprintln(log, "probe: exit", code)
	}
	return code, err
}

// echoDatagrams sends back what comes, until c is closed.
func echoDatagrams(c net.PacketConn) {
	for buf := make([]byte, 64<<10); ; {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = c.WriteTo(buf[:n], from)
	}
}

// input is where the metadata comes from, nil for nowhere.
func input(env func(string) string) io.Reader {
	if env("DRYDOCK_METADATA") == "stdin" {
		return os.Stdin
	}
	return nil
}

// Serve answers on l until ctx ends, then stops accepting, lets requests in flight finish and
// returns 0; or until a client asks for another exit code. What comes on metadata, which may be
// nil, is read until it ends or says enough.
func Serve(ctx context.Context, l net.Listener, env func(string) string, metadata io.Reader) (code int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{env: env, who: newIdentity(env), exits: make(chan int, 1), life: ctx,
		up: websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}}
	if metadata != nil {
		go s.who.learn(metadata) // ends with the input, which may be the process's own
	}
	defer s.spins.Wait()
	defer cancel() // ends what burns
	web := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 20 * time.Second, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return 0, err
	case code := <-s.exits:
		return code, errors.Join(web.Close(), ignoreClosed(<-failed))
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	patience, done := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer done()
	err = web.Shutdown(patience)
	s.sockets.Wait()
	return 0, errors.Join(err, ignoreClosed(<-failed))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// server answers requests.
type server struct {
	env      func(string) string
	who      *identity
	up       websocket.Upgrader
	life     context.Context // of the whole server: load goes on after its request
	exits    chan int
	stopping atomic.Bool
	burning  load
	holding  load
	spins    sync.WaitGroup
	sockets  group
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.about)
	mux.HandleFunc("/healthz", s.healthz)
	mux.HandleFunc("/status", s.status)
	mux.HandleFunc("/sleep", s.sleep)
	mux.HandleFunc("/burn", s.burn)
	mux.HandleFunc("/alloc", s.alloc)
	mux.HandleFunc("/exit", s.exit)
	mux.HandleFunc("/env", s.variable)
	mux.HandleFunc("/fetch", s.fetch)
	mux.HandleFunc("/aws", s.aws)
	mux.HandleFunc("/ws", s.echo)
	mux.HandleFunc("/self", self)
	mux.HandleFunc("/file", file)
	mux.HandleFunc("/write", write)
	mux.HandleFunc("/print", printLines)
	mux.HandleFunc("/zeros", zeros)
	return mux
}
