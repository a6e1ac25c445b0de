package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/spf13/cobra"
)

func whyCommand() *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:   "why [TASK|SERVICE|INSTANCE|FAMILY]",
		Short: "Explain a placement, a refusal or a deployment: what was decided, and what decided it",
		Long: `Explain what the scheduler decided, with the numbers it saw.

Of a task: why it was started, which instances could run it and what was against the others, which
strategy chose, and why it stopped. Of a service: what holds it back now, and its newest steps. Of an
instance: why it is in no cluster. Of a family: what happened to tasks of it that belong to no service,
and why they found no place. Without an argument: everything that waits, and for what.

TASK is an id or the beginning of one, SERVICE a name or cluster/name, INSTANCE an
id of EC2; ARNs will do as well.
Decisions are kept in memory, the newest ones since the daemon started.`,
		Example: "  drydock why web\n  drydock why 3f2a\n  drydock why --cluster demo",
		Args:    cobra.MaximumNArgs(1),
	}
	c := clientFlags(cmd)
	cmd.Flags().StringVar(&cluster, "cluster", "", "look in this cluster (`name`)")
	_ = cmd.RegisterFlagCompletionFunc("cluster", c.completes(clusterNames))
	cmd.ValidArgsFunction = c.completes(whySubjects)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path := "/_drydock/why"
		if len(args) > 0 && args[0] != "" {
			path += "/" + args[0]
		}
		var page console.Why
		if err := c.get(cmd.Context(), path, url.Values{"cluster": {cluster}}, &page); err != nil {
			return err
		}
		if c.json {
			return printJSON(cmd.OutOrStdout(), page)
		}
		return printWhy(cmd.OutOrStdout(), page)
	}
	return cmd
}

// whySubjects completes services and tasks.
func whySubjects(ctx context.Context, c *client) (all []string) {
	var page console.Tasks
	if c.get(ctx, "/_drydock/ps", url.Values{"all": {"1"}}, &page) != nil {
		return nil
	}
	for _, s := range page.Services {
		all = append(all, fmt.Sprintf("%s\tservice in %s, %d of %d running", s.Name, s.Cluster, s.Running, s.Desired))
	}
	return append(all, taskIDs(ctx, c)...)
}

// printWhy prints an answer from the short of it to the details.
func printWhy(w io.Writer, y console.Why) error {
	p := printer{w: w}
	switch {
	case y.Task != nil:
		p.task(y)
	case y.Service != nil:
		p.service(y)
	default:
		p.others(y)
	}
	return p.err
}

// printer prints paragraphs until the first error.
type printer struct {
	w       io.Writer
	printed bool
	err     error
}

// line prints one line, as the beginning of a paragraph after what was printed before.
func (p *printer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.printed {
		text = "\n" + text
	}
	p.printed = true
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, paint(p.w, text))
	}
}

func (p *printer) table(t table) {
	if p.err == nil && len(t.rows) > 0 {
		p.err = t.print(p.w)
	}
}

func (p *printer) task(y console.Why) {
	k := y.Task
	of := k.Revision
	if k.Service != "" {
		of = "service " + k.Service + ", " + of
	}
	where := ""
	if k.Instance != "" {
		where = " on " + k.Instance
	}
	p.line("Task %s (%s) in cluster %s: %s%s", short(k.ID), of, k.Cluster, k.Status, where)
	p.because(y.Answer)
	if len(y.Decisions) > 0 {
		p.candidates(y.Decisions[0])
	}
}

// because prints the answer, a line for each sentence.
func (p *printer) because(all []console.Because) {
	for _, b := range all {
		at := ""
		if !b.At.IsZero() {
			at = clock(b.At)
		}
		if p.err == nil {
			_, p.err = fmt.Fprintf(p.w, "  %-8s %s  %s\n", b.What, at, oneLine(b.Text))
		}
	}
}

func clock(at time.Time) string { return at.Local().Format(time.TimeOnly) }

// candidates prints who was looked at for a task.
func (p *printer) candidates(d console.Decision) {
	if len(d.Candidates) == 0 {
		return
	}
	needs := fmt.Sprintf("%d CPU units, %d MiB", d.CPU, d.Memory)
	if len(d.Ports) > 0 {
		needs += ", host port " + strings.Join(d.Ports, ", ")
	}
	able := fmt.Sprintf("of %d instances these are told", d.Asked)
	if d.Able != nil {
		able = fmt.Sprintf("%d of %d instances could run it", *d.Able, d.Asked)
	}
	if d.Able != nil && d.Sampled {
		able += ", the closest are told"
	}
	p.line("It takes %s; %s:", needs, able)
	t := table{heads: []string{"INSTANCE", "ZONE", "OUTCOME"}}
	columns := 0
	for _, c := range d.Candidates {
		columns = max(columns, len(c.Values))
	}
	for n := range columns {
		t.heads = append(t.heads, stepHead(d.Strategy[n]))
	}
	t.heads = append(t.heads, "WHY NOT")
	for _, c := range d.Candidates {
		cells := []string{cmp.Or(c.Instance, c.Container), c.Zone, strings.TrimSuffix(c.Outcome, " placement constraint unsatisfied.")}
		for n := range columns {
			cells = append(cells, append(c.Values, make([]string, columns)...)[n])
		}
		t.row(append(cells, c.Why)...)
	}
	p.table(t)
}

// stepHead is a step of a strategy as the head of a column.
func stepHead(step string) string {
	step = strings.Replace(step, "attribute:ecs.availability-zone", "zone", 1)
	if step == "most memory left" {
		step = "memory"
	}
	return strings.ToUpper(strings.Replace(step, "attribute:", "", 1))
}

func (p *printer) service(y console.Why) {
	s := y.Service
	p.line("Service %s in cluster %s is %s: %d desired, %d running, %d pending", s.Name, s.Cluster, s.Status, s.Desired, s.Running, s.Pending)
	for _, d := range s.Deployments {
		if p.err == nil {
			_, p.err = fmt.Fprintf(p.w, "  deployment %s (%s, %s): %s\n", d.ID, d.Revision, d.Status, strings.Join(distinct([]string{d.State, oneLine(d.Reason)}), ", "))
		}
	}
	p.because(y.Answer)
	p.held("What holds it back:", y.Held, false)
	if len(y.Held) > 0 && len(y.Decisions) > 0 && !y.Decisions[0].Placed {
		p.candidates(y.Decisions[0])
	}
	if len(y.Steps) > 0 {
		p.line("Its steps, the newest first:")
		p.table(stepTable(y.Steps))
	}
	p.decided("Its newest placements:", y.Decisions)
}

// held prints what holds services back, with their names or without.
func (p *printer) held(title string, all []console.Held, name bool) {
	if len(all) == 0 {
		return
	}
	t := table{heads: []string{"SERVICE", "DEPLOYMENT", "HELD BACK BY", "WHY", "UNTIL", "TASKS"}}
	several := slices.ContainsFunc(all, func(h console.Held) bool { return h.Deployment != all[0].Deployment })
	for _, h := range all {
		until, of, deployment := "", "", ""
		if several && !name {
			deployment = h.Deployment
		}
		if !h.Until.IsZero() {
			until = clock(h.Until)
		}
		if name {
			of = h.Cluster + "/" + h.Service
		}
		t.row(of, deployment, h.By, h.Text, until, someIDs(h.Tasks, h.Count))
	}
	p.line("%s", title)
	p.table(t)
}

// someIDs names some of n tasks.
func someIDs(ids []string, n int) string {
	const most = 3
	var names []string
	for _, id := range ids[:min(most, len(ids))] {
		names = append(names, short(id))
	}
	if n > most && len(names) > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, " "), n-most)
	}
	return strings.Join(names, " ")
}

// stepTable has a row for each thing that a step did, or that held it back.
func stepTable(steps []console.Step) table {
	t := table{heads: []string{"WHEN", "DEPLOYMENT", "FOUND", "DID", "WHY", "TASKS"}}
	several := slices.ContainsFunc(steps, func(s console.Step) bool { return s.Deployment != steps[0].Deployment })
	for _, s := range steps {
		of := ""
		if several {
			of = s.Deployment
		}
		at, found := clock(s.At), fmt.Sprintf("%d live, %d ready of %d", s.Live, s.Ready, s.Desired)
		row := func(did, why, ids string) {
			t.row(at, of, found, did, why, ids)
			at, of, found = "", "", ""
		}
		for _, d := range s.Did {
			row(fmt.Sprintf("%s %d", d.What, d.Count), d.Text, someIDs(d.Tasks, d.Count))
		}
		for _, h := range s.Held {
			row("held by "+h.By, h.Text, someIDs(h.Tasks, h.Count))
		}
		if len(s.Did)+len(s.Held) == 0 && s.Steady {
			row("steady", "it has what it wants", "")
		} else if len(s.Did)+len(s.Held) == 0 {
			row("wait", "nothing is to do now", "")
		}
	}
	return t
}

// decided lists decisions.
func (p *printer) decided(title string, ds []console.Decision) {
	if len(ds) == 0 {
		return
	}
	t := table{heads: []string{"WHEN", "OF", "TASK", "TIMES", "ANSWER"}}
	for _, d := range ds {
		times := ""
		if d.Times > 1 {
			times = fmt.Sprintf("%d since %s", d.Times, clock(d.Since))
		}
		of := d.Revision
		if !strings.HasPrefix(d.Group, "family:") {
			of += " of " + d.Group
		}
		t.row(clock(d.At), of, cmp.Or(short(d.Task), "-"), times, d.Answer)
	}
	p.line("%s", title)
	p.table(t)
}

// others prints what waits, or what was decided for a family.
func (p *printer) others(y console.Why) {
	for _, b := range y.Answer {
		p.line("%s", strings.ToUpper(b.Text[:1])+b.Text[1:]+".")
	}
	p.held("What holds services back:", y.Held, true)
	if !slices.ContainsFunc(y.Answer, func(b console.Because) bool { return b.What != "instance" }) && len(y.Held) == 0 && len(y.Decisions) > 0 {
		p.decided("The newest decisions:", y.Decisions)
		p.candidates(y.Decisions[0])
		return
	}
	p.decided("The newest tasks that found no place:", y.Decisions)
}
