package flowlog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/drydock-ecs/drydock/internal/directory"
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

// toDirectory writes the records to a file of their own.
func (p *Part) toDirectory(b *batch, now time.Time) error {
	f, err := record.Parse(b.log.Format)
	if err != nil {
		return err
	}
	body, err := b.zipped(f)
	if err != nil {
		return err
	}
	err = p.write(b.log.Directory, file(b.scope, b.log, now, ids.Hex(8)), body)
	if errors.Is(err, directory.ErrAccess) {
		return fmt.Errorf("%w: %w", errAccess, err)
	}
	return err
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
