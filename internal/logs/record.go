package logs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
)

// Event is one log event. Times are milliseconds since 1970, as CloudWatch Logs has them.
type Event struct {
	Stream   uint64 // number of the stream in its group
	Seq      uint64 // in the order of arrival, unique in the group
	At       int64  // as who sent it says
	Ingested int64  // when it arrived
	Mark     int64  // nanoseconds: how far its source was read with it; 0 for none
	Message  string
}

// ID names an event of a group, as CloudWatch Logs does: by 56 digits, which sort as events do.
func (e Event) ID(group string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(group))
	return fmt.Sprintf("%018d%018d%020d", e.At, h.Sum32(), e.Seq)
}

// A record is the length of its payload, the payload's checksum and the payload. A payload begins with
// its kind.
const (
	headSize   = 8
	kindEvent  = 0
	kindStats  = 1 // what is known of every stream at the beginning of the segment
	maxPayload = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTorn is a record that is not whole: what follows it is lost.
var errTorn = errors.New("torn record")

// appendRecord appends the record whose payload write appends.
func appendRecord(b []byte, write func([]byte) []byte) []byte {
	at := len(b)
	b = write(append(b, make([]byte, headSize)...))
	payload := b[at+headSize:]
	binary.LittleEndian.PutUint32(b[at:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// cutRecord takes the first record off b.
func cutRecord(b []byte) (payload, rest []byte, err error) {
	if len(b) < headSize {
		return nil, b, errTorn
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > maxPayload || uint64(len(b)-headSize) < uint64(n) {
		return nil, b, errTorn
	}
	payload = b[headSize : headSize+int(n)]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, b, errTorn
	}
	return payload, b[headSize+int(n):], nil
}

func appendEvent(b []byte, e *Event) []byte {
	return appendRecord(b, func(b []byte) []byte {
		b = binary.AppendUvarint(append(b, kindEvent), e.Stream)
		b = binary.AppendVarint(b, e.At)
		b = binary.AppendVarint(b, e.Ingested)
		b = binary.AppendVarint(b, e.Mark)
		return append(b, e.Message...)
	})
}

// readEvent reads an event's payload. The text is copied only when asked for.
func readEvent(p []byte, text bool) (e Event, err error) {
	r := numbers{b: p[1:]}
	e.Stream, e.At, e.Ingested, e.Mark = r.unsigned(), r.signed(), r.signed(), r.signed()
	if r.bad {
		return e, errTorn
	}
	if text {
		e.Message = string(r.b)
	}
	return e, nil
}

// numbers reads variable-length integers off b.
type numbers struct {
	b   []byte
	bad bool
}

func (r *numbers) unsigned() uint64 {
	v, n := binary.Uvarint(r.b)
	r.cut(n)
	return v
}

func (r *numbers) signed() int64 {
	v, n := binary.Varint(r.b)
	r.cut(n)
	return v
}

func (r *numbers) cut(n int) {
	if n <= 0 {
		r.bad, r.b = true, nil
		return
	}
	r.b = r.b[n:]
}

func appendStats(b []byte, all map[uint64]Stat) []byte {
	return appendRecord(b, func(b []byte) []byte {
		b = append(b, kindStats)
		for stream, s := range all {
			b = binary.AppendUvarint(b, stream)
			for _, v := range []int64{s.First, s.Last, s.Ingested, s.Mark} {
				b = binary.AppendVarint(b, v)
			}
		}
		return b
	})
}

func readStats(p []byte) (map[uint64]Stat, error) {
	all := map[uint64]Stat{}
	for r := (numbers{b: p[1:]}); len(r.b) > 0; {
		stream := r.unsigned()
		s := Stat{First: r.signed(), Last: r.signed(), Ingested: r.signed(), Mark: r.signed()}
		if r.bad {
			return nil, errTorn
		}
		all[stream] = s
	}
	return all, nil
}
