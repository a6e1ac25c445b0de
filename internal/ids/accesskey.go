package ids

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strconv"
)

// AccessKey returns an access key id of an account of 12 digits: prefix is AKIA for a user's, ASIA for
// temporary ones. As in AWS's ids, 40 of the 80 bits after the prefix are the account. The highest bit,
// which AWS sets, is not set here, and 12 bits check the others: Issued knows such ids again.
func AccessKey(prefix, account string) string {
	n, _ := strconv.ParseUint(account, 10, 40)
	var b [10]byte
	_, _ = rand.Read(b[5:]) // never fails
	binary.BigEndian.PutUint64(b[:8], n<<23|uint64(binary.BigEndian.Uint32(b[4:])&(1<<23-1)))
	c := check(prefix, b)
	b[8], b[9] = b[8]&0xf0|c[0]&0x0f, c[1]
	return prefix + keyForm.EncodeToString(b[:])
}

// Issued reports whether key is an id that AccessKey made, whether there is such a key or not, and of
// which account.
func Issued(key string) (account string, ok bool) {
	if len(key) != 20 || key[:4] != "AKIA" && key[:4] != "ASIA" {
		return "", false
	}
	raw, err := keyForm.DecodeString(key[4:])
	if err != nil || len(raw) != 10 || raw[0]&0x80 != 0 {
		return "", false
	}
	b := [10]byte(raw)
	c := check(key[:4], b)
	n := binary.BigEndian.Uint64(b[:8]) >> 23
	if b[8]&0x0f != c[0]&0x0f || b[9] != c[1] || n >= 1e12 {
		return "", false
	}
	account = strconv.FormatUint(n, 10)
	return "000000000000"[len(account):] + account, true
}

var keyForm = base32.StdEncoding

// check returns the bytes whose last 12 bits check an id.
func check(prefix string, b [10]byte) (c [2]byte) {
	b[8], b[9] = b[8]&0xf0, 0
	sum := sha256.Sum256(append([]byte(prefix), b[:]...))
	return [2]byte(sum[:2])
}
