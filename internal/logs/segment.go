package logs

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

const (
	segmentExt = ".log"
	blockSize  = 64 << 10 // of the file, for each entry of the index
	mostNamed  = 16       // streams that an entry names; with more it may have any
)

// segment is one file of records.
type segment struct {
	path   string
	base   uint64 // Seq of its first event
	count  uint64 // events
	size   int64
	blocks []block
}

// block is an entry of the index: records that stand together.
type block struct {
	Off, End int64  // where they stand in the file
	Seq      uint64 // of the first event
	Min, Max int64  // times of its events
	Ingested int64  // the latest
	Streams  []uint64
	Any      bool // Streams names not all
}

// may reports whether a block may hold events of the streams that want reports.
func (b *block) may(want func(uint64) bool) bool {
	return want == nil || b.Any || slices.ContainsFunc(b.Streams, want)
}

// add takes an event into the index whose record ends at end.
func (s *segment) add(e *Event, end int64) {
	n := len(s.blocks)
	if n == 0 || s.blocks[n-1].End-s.blocks[n-1].Off >= blockSize {
		s.blocks = append(s.blocks, block{Off: s.size, Seq: s.base + s.count, Min: e.At, Max: e.At})
		n++
	}
	b := &s.blocks[n-1]
	b.End, b.Min, b.Max, b.Ingested = end, min(b.Min, e.At), max(b.Max, e.At), max(b.Ingested, e.Ingested)
	switch {
	case b.Any || slices.Contains(b.Streams, e.Stream):
	case len(b.Streams) == mostNamed:
		b.Any = true
	default:
		b.Streams = append(b.Streams, e.Stream)
	}
	s.count++
	s.size = end
}

// latest returns the latest time of an event in s, and when the last one arrived.
func (s *segment) latest() (at, ingested int64) {
	for i := range s.blocks {
		at, ingested = max(at, s.blocks[i].Max), max(ingested, s.blocks[i].Ingested)
	}
	return at, ingested
}

// scan reads the whole file, makes its index and cuts off what is not whole at its end. It returns how
// many bytes that were, and what is known of the streams after the last record, if stats was so before
// the first; nil when the segment does not say.
func (s *segment) scan(stats map[uint64]Stat) (cut int64, _ map[uint64]Stat, err error) {
	raw, err := os.ReadFile(s.path)
	if err != nil {
		return 0, nil, err
	}
	s.blocks, s.count, s.size = nil, 0, 0
	for rest := raw; len(rest) > 0; {
		var payload []byte
		if payload, rest, err = cutRecord(rest); err != nil {
			break
		}
		end := int64(len(raw) - len(rest))
		if stats, err = s.take(payload, end, stats); err != nil {
			break
		}
	}
	if cut = int64(len(raw)) - s.size; cut > 0 {
		return cut, stats, os.Truncate(s.path, s.size)
	}
	return 0, stats, nil
}

// take reads one payload into the index.
func (s *segment) take(payload []byte, end int64, stats map[uint64]Stat) (map[uint64]Stat, error) {
	switch payload[0] {
	case kindStats:
		head, err := readStats(payload)
		if err != nil || s.count > 0 {
			return stats, errTorn
		}
		s.size = end
		return head, nil
	case kindEvent:
		e, err := readEvent(payload, false)
		if err != nil {
			return stats, err
		}
		s.add(&e, end)
		if stats == nil {
			stats = map[uint64]Stat{}
		}
		stats[e.Stream] = stats[e.Stream].with(&e)
		return stats, nil
	}
	return stats, errTorn
}

// saved is a segment's index on disk.
type saved struct {
	Size   int64
	Count  uint64
	Blocks []block
}

func (s *segment) indexPath() string { return strings.TrimSuffix(s.path, segmentExt) + ".idx" }

// saveIndex writes the index beside the segment. It only spares reading the segment at the next start.
func (s *segment) saveIndex() error {
	raw, err := json.Marshal(saved{s.size, s.count, s.blocks})
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.indexPath()+".tmp", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(s.indexPath()+".tmp", s.indexPath())
}

// loadIndex reads the index, and reports whether it is there and fits the segment.
func (s *segment) loadIndex() bool {
	raw, err := os.ReadFile(s.indexPath())
	if err != nil {
		return false
	}
	var x saved
	info, err := os.Stat(s.path)
	if err != nil || json.Unmarshal(raw, &x) != nil || x.Size != info.Size() {
		return false
	}
	for _, b := range x.Blocks {
		if b.Off < 0 || b.End < b.Off || b.End > x.Size || b.End-b.Off > maxPayload+blockSize {
			return false
		}
	}
	s.size, s.count, s.blocks = x.Size, x.Count, x.Blocks
	return true
}

func (s *segment) remove() error {
	err := os.Remove(s.path)
	if e := os.Remove(s.indexPath()); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}
