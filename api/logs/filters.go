package logs

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// mostRegexes is how many regular expressions all filters of a group may have.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
const mostRegexes = 5

func null(member string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func limit(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func noSuch(kind string) error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified " + kind + " does not exist.")}
}

// checkText checks a member that must be there; form may be nil.
func checkText(value *string, member string, most int, form *regexp.Regexp) (string, error) {
	switch {
	case value == nil:
		return "", null(member)
	case *value == "":
		return "", constraint("", member, "have length greater than or equal to 1")
	case utf8.RuneCountInString(*value) > most:
		return "", constraint(*value, member, fmt.Sprintf("have length less than or equal to %d", most))
	case form != nil && (!form.MatchString(*value) || strings.ContainsRune(*value, 0)):
		return "", constraint(*value, member, "satisfy regular expression pattern: "+strings.Trim(form.String(), "^$"))
	}
	return *value, nil
}

// checkRegexes checks how many regular expressions the filters of a group have with one more, or with
// another pattern of the filter with the key.
func checkRegexes(tx *store.Tx, g model.LogGroup, key, text string) error {
	n, prefix := regexes(text), model.LogStreamKey(g.Name, "")
	if n == 0 {
		return nil
	}
	for f := range store.MetricFilters.From(tx, prefix, "") {
		if f.Key() != key {
			n += regexes(f.Pattern)
		}
	}
	for f := range store.Subscriptions.From(tx, prefix, "") {
		if f.Key() != key {
			n += regexes(f.Pattern)
		}
	}
	if n > mostRegexes {
		return limit("Resource limit exceeded: the filters of a log group can have %d regular expressions at most.", mostRegexes)
	}
	return nil
}

func regexes(text string) int {
	if !strings.Contains(text, "%") {
		return 0
	}
	p, err := pattern.Parse(text)
	if err != nil {
		return 0
	}
	return p.Regexes()
}

// page sorts rows and returns those of the page that a token names, and the token of the next one.
func page[T any](all []T, most int, next *string, place func(T) string) ([]T, *string, error) {
	after, err := untoken(next)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(place(a), place(b)) })
	at, found := slices.BinarySearchFunc(all, after, func(r T, after string) int { return cmp.Compare(place(r), after) })
	if found {
		at++
	}
	if all = all[at:]; len(all) <= most {
		return all, nil, nil
	}
	return all[:most], token(place(all[most-1])), nil
}
