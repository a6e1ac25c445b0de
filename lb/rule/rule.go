// Package rule decides which action a listener takes for a request: forward (with weights),
// redirect or fixed response. It is pure: same rules, same request, same answer. Which target of a
// group gets a forwarded request, and how, is lb's business.
//
// A listener has its default rule only; a rule with conditions and a priority would be one more
// case in [Rules.Match], which alone knows how rules are tried.
package rule

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Request is what of a request decides the action, and what a redirect may carry over.
type Request struct {
	Protocol string // http or https
	Host     string // without port
	Port     int    // the listener's
	Path     string // escaped, with the leading slash
	Query    string // raw, without the question mark
}

// Rules are the rules of one listener.
type Rules struct{ last Action }

// Action is what a listener does with a request: exactly one field is set.
type Action struct {
	Forward  *Forward
	Redirect *Redirect
	Fixed    *Fixed
}

// Forward sends requests to target groups: to Groups[Turns[n]] the nth, counted without end.
type Forward struct {
	Groups []string // target group keys
	Turns  []uint8  // empty when no group may get a request
}

// Fixed answers without asking anybody.
type Fixed struct {
	Code        int
	ContentType string
	Body        string
}

// Compile reads the rules of a listener. An error names the action that no Application Load
// Balancer of ours takes.
func Compile(l model.Listener) (Rules, error) {
	var found []Action
	for _, a := range l.Actions {
		switch {
		case a.Type == types.ActionTypeEnumForward:
			found = append(found, Action{Forward: forward(l.Shares())})
		case a.Type == types.ActionTypeEnumRedirect && a.RedirectConfig != nil:
			found = append(found, Action{Redirect: redirect(*a.RedirectConfig)})
		case a.Type == types.ActionTypeEnumFixedResponse && a.FixedResponseConfig != nil:
			f, err := fixed(*a.FixedResponseConfig)
			if err != nil {
				return Rules{}, fmt.Errorf("listener %s: %w", l.ID, err)
			}
			found = append(found, Action{Fixed: f})
		default:
			return Rules{}, fmt.Errorf("listener %s: action type %q cannot be taken", l.ID, a.Type)
		}
	}
	if len(found) != 1 {
		return Rules{}, fmt.Errorf("listener %s: %d default actions, want one", l.ID, len(found))
	}
	return Rules{last: found[0]}, nil
}

// Match returns the action for a request: the default rule's.
func (rs Rules) Match(Request) Action { return rs.last }

func forward(shares []model.Share) *Forward {
	f := &Forward{}
	weights := make([]int, len(shares))
	for i, s := range shares {
		f.Groups = append(f.Groups, s.Group)
		weights[i] = s.Weight
	}
	f.Turns = Turns(weights)
	return f
}

// Turns returns one full round of smooth weighted round robin: each index as often as its weight
// says, spread as evenly as may be. It is empty when every weight is 0. Weights alone decide: a group
// that has no healthy target gets its turns all the same.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
func Turns(weights []int) []uint8 {
	divisor, total := 0, 0
	for _, w := range weights {
		divisor = gcd(divisor, max(w, 0))
		total += max(w, 0)
	}
	if total == 0 {
		return nil
	}
	turns := make([]uint8, 0, total/divisor)
	credit := make([]int, len(weights))
	for range total / divisor {
		best := 0
		for i, w := range weights {
			credit[i] += max(w, 0)
			if credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		turns = append(turns, uint8(best))
	}
	return turns
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
