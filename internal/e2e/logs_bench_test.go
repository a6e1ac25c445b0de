package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// writer is a container that writes to a log stream when it is asked to.
type writer struct{ address, stream string }

// print has a container write numbered lines.
func (w writer) print(t testing.TB, text string, lines int) {
	demand(t, fmt.Sprintf("%s/print?text=%s&lines=%d", w.address, text, lines))
}

// writers runs that many containers with the driver awslogs, each its own task, in the group /e2e.
func (d *daemon) writers(n int) []writer {
	d.t.Helper()
	d.aws("logs", "create-log-group", "--log-group-name", "/e2e")
	def := probed("app")
	def.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
		"awslogs-group": "/e2e", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "mode": "blocking"}}
	arn := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("writer"), ContainerDefinitions: []types.ContainerDefinition{def}})
	d.awaitInstance()
	all := make([]writer, n)
	for i := range all {
		task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &arn}), is("RUNNING"))
		d.ask(task, "app", "/healthz")
		bs := task.Containers[0].NetworkBindings
		all[i] = writer{fmt.Sprintf("http://%s:%d", d.hostOf(task), *bs[0].HostPort), "p/app/" + (*task.TaskArn)[strings.LastIndex(*task.TaskArn, "/")+1:]}
	}
	return all
}

// peak is the most memory that the daemon had resident, in MiB.
func (d *daemon) peak() float64 {
	d.t.Helper()
	for line := range strings.Lines(string(must(os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))))) {
		if f := strings.Fields(line); f[0] == "VmHWM:" {
			return float64(must(strconv.Atoi(f[1]))) / 1024
		}
	}
	return 0
}

// BenchmarkLogLines has ten containers write 20,000 lines of about 120 bytes each as fast as they can,
// and measures until the last line of each can be read from its log stream: through the engine's own log
// and the daemon to the disk.
func BenchmarkLogLines(b *testing.B) {
	const lines = 20000
	d := start(b, needEngine(b))
	c, all := d.logsClient(), d.writers(10)
	before, cpu := d.peak(), d.cpu()
	text := strings.Repeat("x", 112)
	took := time.Duration(0)
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		var wg sync.WaitGroup
		for _, w := range all {
			wg.Go(func() {
				w.print(b, fmt.Sprint(n, text), lines)
				await(b, time.Minute, func() error {
					out, err := c.GetLogEvents(b.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("/e2e"), LogStreamName: &w.stream, Limit: aws.Int32(1)})
					if err == nil && (len(out.Events) == 0 || *out.Events[0].Message != fmt.Sprint(n, text, " ", lines)) {
						err = fmt.Errorf("the last line of %s is not there", w.stream)
					}
					return err
				})
			})
		}
		wg.Wait()
		took += time.Since(began)
	}
	b.ReportMetric(float64(b.N*10*lines)/took.Seconds(), "lines/s")
	b.ReportMetric(float64((d.cpu()-cpu).Microseconds())/float64(b.N*10*lines), "µs-daemon/line")
	b.ReportMetric(before, "MiB-before")
	b.ReportMetric(d.peak(), "MiB-peak")
}

// BenchmarkLogTail measures from before a container is asked to write one line until FilterLogEvents,
// asked again and again, has it.
func BenchmarkLogTail(b *testing.B) {
	d := start(b, needEngine(b))
	c, w := d.logsClient(), d.writers(1)[0]
	var all []time.Duration
	for n := 0; b.Loop(); n++ {
		text := fmt.Sprint("line-", n)
		began := time.Now()
		w.print(b, text, 1)
		for seen := false; !seen; {
			out := must(c.FilterLogEvents(b.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/e2e"), StartTime: aws.Int64(began.UnixMilli() - 1)}))
			for _, e := range out.Events {
				seen = seen || *e.Message == text+" 1"
			}
		}
		all = append(all, time.Since(began))
	}
	b.ReportMetric(ms(median(all)), "ms/write→FilterLogEvents")
	b.ReportMetric(ms(slices.Max(all)), "ms/slowest")
}
