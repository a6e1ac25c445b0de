package ssm

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// page is where one call of a listing begins and how much it may answer.
type page struct {
	kind  string // what is listed, so that a token goes on with the listing it was given for
	after string // key of the last row that was answered
	max   int
}

// newPage reads MaxResults (1 to most) and NextToken; of is all else that was asked for.
func newPage(token *string, limit *int32, most int, of ...any) (page, error) {
	p := page{kind: kindOf(of), max: most}
	if limit != nil {
		switch n := strconv.Itoa(int(*limit)); {
		case *limit < 1:
			return p, breaks(quoted(n), "maxResults", "have value greater than or equal to 1")
		case int(*limit) > most:
			return p, breaks(quoted(n), "maxResults", "have value less than or equal to "+strconv.Itoa(most))
		}
		p.max = int(*limit)
	}
	if aws.ToString(token) == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	sum, after, ok := strings.Cut(string(raw), "\n")
	if err != nil || !ok || after == "" || sum != p.sum(after) {
		return p, &types.InvalidNextToken{Message: aws.String("The specified token isn't valid.")}
	}
	p.after = after
	return p, nil
}

// kindOf names a listing.
func kindOf(of []any) string {
	var b strings.Builder
	for _, x := range of {
		if fs, ok := x.([]types.ParameterStringFilter); ok {
			for _, f := range fs {
				fmt.Fprintf(&b, "%q %q %q;", aws.ToString(f.Key), aws.ToString(f.Option), f.Values)
			}
			continue
		}
		fmt.Fprintf(&b, "%q;", fmt.Sprint(x))
	}
	return b.String()
}

func (p page) sum(after string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.kind + "\n" + after))
	return strconv.FormatUint(h.Sum64(), 36)
}

// next returns the token of the page after the row with the key.
func (p page) next(after string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.sum(after) + "\n" + after)))
}
