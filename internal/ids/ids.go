// Package ids makes the random names that AWS gives to things, in AWS's own forms.
package ids

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
)

// Hex returns n random lower-case hex digits: 32 for tasks and container instances, 17 after "i-",
// 16 for load balancers.
func Hex(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)[:n]
}

// UUID returns a random UUID, version 4.
func UUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Deployment returns the id of a service's deployment: ecs-svc/ and 19 digits.
func Deployment() string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	n, _ := rand.Int(rand.Reader, new(big.Int).Mul(most, big.NewInt(9)))
	return "ecs-svc/" + n.Add(n, most).String()
}

// ServiceDeployment returns the id of a service deployment: 21 letters, digits, hyphens and underscores.
func ServiceDeployment() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)[:21]
}
