package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Value is one metric of a user, such as what a metric filter counts, since the daemon began.
type Value struct {
	Account, Region, Namespace, Name, Unit string
	Dimensions                             []string // name=value, in order
	Count, Sum                             float64
}

// mostValues is how many of them are shown: what users measure may be any number of things.
const mostValues = 2000

// values collects them at the moment of asking.
type values struct{ all func() []Value }

var (
	valueLabels = []string{"account", "region", "namespace", "metric", "dimensions", "unit"}
	countDesc   = prometheus.NewDesc("drydock_cloudwatch_samples_total", "Values that a CloudWatch metric got since the daemon began.", valueLabels, nil)
	sumDesc     = prometheus.NewDesc("drydock_cloudwatch_sum", "What they add up to.", valueLabels, nil)
	beyondDesc  = prometheus.NewDesc("drydock_cloudwatch_hidden", "CloudWatch metrics that are not shown here, as there are too many.", nil, nil)
)

func (values) Describe(ch chan<- *prometheus.Desc) { ch <- countDesc; ch <- sumDesc; ch <- beyondDesc }

func (v values) Collect(ch chan<- prometheus.Metric) {
	all := v.all()
	shown := all[:min(len(all), mostValues)]
	ch <- prometheus.MustNewConstMetric(beyondDesc, prometheus.GaugeValue, float64(len(all)-len(shown)))
	for _, m := range shown {
		labels := []string{m.Account, m.Region, m.Namespace, m.Name, strings.Join(m.Dimensions, ","), m.Unit}
		for i := range labels {
			labels[i] = strings.ToValidUTF8(labels[i], "?")
		}
		ch <- prometheus.MustNewConstMetric(countDesc, prometheus.CounterValue, m.Count, labels...)
		ch <- prometheus.MustNewConstMetric(sumDesc, prometheus.GaugeValue, m.Sum, labels...)
	}
}
