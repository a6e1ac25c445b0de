package flowlog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
)

// file is where the records that were written at a moment stand, below the directory of a flow log.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
func file(sc model.Scope, l model.FlowLog, at time.Time, hash string) string {
	at = at.UTC()
	account, kind, region, day, hour := sc.Account, "vpcflowlogs", sc.Region, "2006/01/02", "15"
	if l.Hive {
		account, kind, region = "aws-account-id="+account, "aws-service="+kind, "aws-region="+region
		day, hour = "year=2006/month=01/day=02", "hour=15"
	}
	path := []string{"AWSLogs", account, kind, region, filepath.FromSlash(at.Format(day))}
	if l.Hourly {
		path = append(path, at.Format(hour))
	}
	name := fmt.Sprintf("%s_vpcflowlogs_%s_%s_%s_%s.log.gz", sc.Account, sc.Region, l.ID, at.Format("20060102T1504Z"), hash)
	return filepath.Join(append(path, name)...)
}

// Writable reports what keeps a directory from being one that flow logs are written to.
func Writable(path string) error {
	st, err := os.Stat(path)
	if err == nil && !st.IsDir() {
		err = errors.New("not a directory")
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return err
}

// toDirectory writes the records to a file of their own. The directory itself must be there, as a
// bucket must; who reads it never sees half a file.
func (b *batch) toDirectory(now time.Time) error {
	f, err := record.Parse(b.log.Format)
	if err != nil {
		return err
	}
	body, err := b.zipped(f)
	if err != nil {
		return err
	}
	if _, err := os.Stat(b.log.Directory); err != nil {
		return inaccessible(err)
	}
	path := filepath.Join(b.log.Directory, file(b.scope, b.log, now, ids.Hex(8)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return inaccessible(err)
	}
	half := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(half, body, 0o644); err != nil {
		return inaccessible(errors.Join(err, os.Remove(half)))
	}
	return os.Rename(half, path)
}

// zipped is the file: a line with the names of the fields, then the records.
func (b *batch) zipped(f record.Format) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	lines := []string{f.Head()}
	for _, part := range b.parts {
		for _, r := range part.records {
			lines = append(lines, f.Line(r))
		}
	}
	for _, l := range lines {
		if _, err := z.Write([]byte(l + "\n")); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// inaccessible tells what a user can mend from what a user cannot.
func inaccessible(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", errAccess, err)
	}
	return err
}
