package flowlog

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

func TestFilesAreLaidOutAsInABucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		dir := w.dir
		w.log("fl-1", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = dir })
		w.log("fl-2", "eni-a", "REJECT", func(l *model.FlowLog) { l.Directory, l.Hive, l.Hourly = dir, true, true })
		w.log("fl-3", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = filepath.Join(dir, "none") })
		w.log("fl-4", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = t.TempDir() }) // which is not allowed
		w.passes("eni-a", 1, true)
		w.passes("eni-a", 2, false)
		w.after(time.Minute)
		var got []string
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
			if !d.IsDir() {
				path, _ := filepath.Rel(dir, path)
				got = append(got, path[:len(path)-len("0123abcd.log.gz")]+": "+unzip(t, filepath.Join(dir, path)))
			}
			return nil
		})
		want := "AWSLogs/000000000000/vpcflowlogs/us-east-1/2000/01/01/000000000000_vpcflowlogs_us-east-1_fl-1_20000101T0001Z_: " +
			"interface-id srcport packets action log-status|eni-a 1 1 ACCEPT OK|eni-a 2 1 REJECT OK| " +
			"AWSLogs/aws-account-id=000000000000/aws-service=vpcflowlogs/aws-region=us-east-1/year=2000/month=01/day=01/hour=00/" +
			"000000000000_vpcflowlogs_us-east-1_fl-2_20000101T0001Z_: interface-id srcport packets action log-status|eni-a 2 1 REJECT OK|"
		if g := strings.Join(got, " "); g != want {
			t.Errorf("got  %s\nwant %s", g, want)
		}
		for _, id := range []string{"fl-3", "fl-4"} {
			if l := w.status(id); l.Error != "Access error" {
				t.Errorf("%s: got %q", id, l.Error)
			}
		}
	})
}

func TestADirectoryThatHangsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.stop()
		w.hang = make(chan struct{})
		w.run()
		w.log("fl-1", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = w.dir })
		w.log("fl-2", "eni-a", "ALL", nil)
		for port := range uint16(3) {
			w.passes("eni-a", port, true)
			w.after(time.Minute)
		}
		if n := w.lines("eni-a-all"); n != 3 {
			t.Errorf("%d records", n)
		}
		if l := w.status("fl-1"); l.Error != "Unknown error" {
			t.Errorf("got %q", l.Error)
		}
		begun := time.Now()
		w.stop()
		if took := time.Since(begun); took != patience {
			t.Errorf("the end took %s", took)
		}
		close(w.hang)
		synctest.Wait()
		w.run()
		w.passes("eni-a", 9, true)
		w.after(time.Minute)
		if files, _ := filepath.Glob(filepath.Join(w.dir, "AWSLogs/*/*/*/*/*/*/*")); len(files) != 2 || w.status("fl-1").Error != "" {
			t.Errorf("when it is back: %v, %q", files, w.status("fl-1").Error)
		}
	})
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "|")
}
