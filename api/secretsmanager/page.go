package secretsmanager

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// page is where one call of a listing begins and how much it may answer.
type page struct {
	kind  string // what is listed, so that a token goes on with the listing it was given for
	after string // what was answered last; empty at the beginning
	max   int
}

// newPage reads MaxResults (1 to most) and NextToken of the input of a listing.
func newPage(in any, token *string, limit *int32, most int) (page, error) {
	p := page{kind: kindOf(in), max: most}
	if limit != nil {
		switch {
		case *limit < 1:
			return p, breaks(strconv.Itoa(int(*limit)), "maxResults", "have value greater than or equal to 1")
		case int(*limit) > most:
			return p, breaks(strconv.Itoa(int(*limit)), "maxResults", "have value less than or equal to "+strconv.Itoa(most))
		}
		p.max = int(*limit)
	}
	if aws.ToString(token) == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	sum, after, ok := strings.Cut(string(raw), "\n")
	if err != nil || !ok || after == "" || sum != p.sum(after) {
		return p, &types.InvalidNextTokenException{Message: aws.String("Invalid pagination token.")}
	}
	p.after = after
	return p, nil
}

// kindOf names a listing by what is asked for but page and size.
func kindOf(in any) string {
	switch in := in.(type) {
	case secretsmanager.ListSecretsInput:
		return fmt.Sprint("secrets", in.Filters, aws.ToBool(in.IncludePlannedDeletion), in.SortBy, in.SortOrder)
	case secretsmanager.ListSecretVersionIdsInput:
		return fmt.Sprint("versions", aws.ToString(in.SecretId), aws.ToBool(in.IncludeDeprecated))
	case secretsmanager.BatchGetSecretValueInput:
		return fmt.Sprint("values", in.Filters, in.SecretIdList)
	}
	return ""
}

func (p page) sum(after string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.kind + "\n" + after))
	return strconv.FormatUint(h.Sum64(), 36)
}

// cut returns those of all that belong on the page, and the token of the next one. order returns what
// all is sorted by, so that a page begins in its place even if what the last one ended with is gone.
func cut[T any](p page, all []T, desc bool, order func(T) string) ([]T, *string) {
	if p.after != "" {
		n := slices.IndexFunc(all, func(x T) bool {
			c := strings.Compare(order(x), p.after)
			return c > 0 && !desc || c < 0 && desc
		})
		if n < 0 {
			n = len(all)
		}
		all = all[n:]
	}
	if len(all) <= p.max {
		return all, nil
	}
	all = all[:p.max]
	after := order(all[p.max-1])
	return all, aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.sum(after) + "\n" + after)))
}

// byTime sorts by a moment, and within that by an id.
func byTime(t time.Time, id string) string {
	return t.UTC().Format("20060102T150405.000000000|") + id
}
