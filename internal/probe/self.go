package probe

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// fileLimit bounds what is shown of a file.
const fileLimit = 1 << 20

// self shows the process: what a container's settings made of it.
func self(w http.ResponseWriter, _ *http.Request) {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	groups, _ := os.Getgroups()
	in, err := os.Stdin.Stat()
	writeJSON(w, struct {
		PID       int      `json:"pid"`
		UID       int      `json:"uid"`
		GID       int      `json:"gid"`
		Groups    []int    `json:"groups"`
		Args      []string `json:"args"`
		Env       []string `json:"env"`
		Directory string   `json:"directory"`
		Hostname  string   `json:"hostname"`
		Terminal  bool     `json:"terminal"` // the standard input is one
	}{os.Getpid(), os.Getuid(), os.Getgid(), groups, os.Args, os.Environ(), dir, host,
		err == nil && in.Mode()&os.ModeCharDevice != 0 && terminal()})
}

// terminal tells a terminal from /dev/null, which is a character device as well.
func terminal() bool {
	at, err := os.Readlink("/proc/self/fd/0")
	return err == nil && (strings.HasPrefix(at, "/dev/pts/") || at == "/dev/console" || strings.HasSuffix(at, "/0") && strings.HasPrefix(at, "/"))
}

func file(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	f, err := os.Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		names, err := f.Readdirnames(-1)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, strings.Join(names, "\n"))
		return
	}
	body, err := io.ReadAll(io.LimitReader(f, fileLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body) // a client that left reads nothing
}

// write makes a file: with volumes, what another container then reads.
func write(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if err := os.WriteFile(q.Get("path"), []byte(q.Get("text")), 0o644); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	fmt.Fprintln(w, "written")
}

// printLines writes to the standard output: with a log driver, what then stands in the log.
func printLines(w http.ResponseWriter, r *http.Request) {
	lines, ok := number(w, r, "lines", 1, 1e6)
	if !ok {
		return
	}
	out, text := bufio.NewWriter(os.Stdout), r.URL.Query().Get("text")
	for n := range int(lines) {
		fmt.Fprintf(out, "%s %d\n", text, n+1)
	}
	if err := out.Flush(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "printed")
}

// zeros answers with as many mebibytes as asked for: what a connection carries shows how fast it is.
func zeros(w http.ResponseWriter, r *http.Request) {
	mib, ok := number(w, r, "mib", 1, 1<<16)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(int64(mib)<<20, 10))
	piece := make([]byte, 128<<10)
	for range int(mib) * 8 {
		if _, err := w.Write(piece); err != nil {
			return // who asked has had enough
		}
	}
}
