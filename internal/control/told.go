package control

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// repeated is after how long ECS tells once more what is still so.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
const repeated = 6 * time.Hour

// told keeps, during one visit, what was told of a service before and is still so. The visits of task
// sets share that of their service.
type told struct{ before, now []model.Told }

// still tells a sentence that stands for as long as its cause does: at once, and again every six
// hours until a visit does not find it any more.
func (v *visit) still(sentence string) {
	why := cause(sentence)
	same := func(t model.Told) bool { return t.Cause == why }
	if slices.ContainsFunc(v.told.now, same) {
		return
	}
	t := model.Told{Cause: why, At: v.now}
	every := v.Scale.Of(repeated)
	if i := slices.IndexFunc(v.told.before, same); i >= 0 && v.now.Before(v.told.before[i].At.Add(every)) {
		t = v.told.before[i]
	} else {
		v.tell("service", v.svc.Cluster, v.svc.Name, sentence)
	}
	v.told.now = append(v.told.now, t)
	v.again(store.Services.Name(), v.svc.Key(), t.At.Add(every))
}

// news makes still tell a sentence even if it was told before.
func (v *visit) news(sentence string) {
	v.told.before = slices.DeleteFunc(slices.Clone(v.told.before), func(t model.Told) bool { return t.Cause == cause(sentence) })
}

// standing is what was found to be so, in the order of its causes.
func (t *told) standing() []model.Told {
	slices.SortFunc(t.now, func(a, b model.Told) int { return strings.Compare(a.Cause, b.Cause) })
	return t.now
}
