package daemon

import (
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/metrics"
	"github.com/drydock-ecs/drydock/internal/model"
)

// values are the metrics of users as Prometheus is told of them. No two look the same.
func (d *daemon) values() (all []metrics.Value) {
	quote := func(s string) string {
		if strings.ContainsAny(s, `,="`) {
			return strconv.Quote(s)
		}
		return s
	}
	for _, t := range d.book.Totals(model.Scope{}) {
		v := metrics.Value{Account: t.Scope.Account, Region: t.Scope.Region, Namespace: t.Namespace, Name: t.Name, Unit: t.Unit, Count: t.Count, Sum: t.Sum}
		for _, m := range t.Dimensions {
			v.Dimensions = append(v.Dimensions, quote(m.Name)+"="+quote(m.Value))
		}
		all = append(all, v)
	}
	return all
}
