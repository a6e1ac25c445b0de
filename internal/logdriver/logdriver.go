// Package logdriver reads the options of the awslogs log driver: where the output of a container goes,
// and which lines of it are one event. It is pure.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html and
// https://docs.docker.com/engine/logging/drivers/awslogs/
package logdriver

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The options of awslogs that act. Those of the engine are passed on to it.
const (
	group      = "awslogs-group"
	region     = "awslogs-region"
	prefix     = "awslogs-stream-prefix"
	create     = "awslogs-create-group"
	datetime   = "awslogs-datetime-format"
	multiline  = "awslogs-multiline-pattern"
	mode       = "mode"
	bufferSize = "max-buffer-size"
)

// Options are the options of one container.
type Options struct {
	Group, Region, Prefix string
	Create                bool           // the group, if it is missing
	First                 *regexp.Regexp // what the first line of an event matches; nil if every line is one
}

var (
	sizeForm   = regexp.MustCompile(`^[0-9]+[kKmMgG]?[bB]?$`)
	groupForm  = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]{1,512}$`)
	prefixForm = regexp.MustCompile(`^[^:*]{1,400}$`)
	regionForm = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]+$`)
)

// Of returns the options of a container, and whether its driver is awslogs. It takes for granted that
// Read found no fault in them.
func Of(c types.ContainerDefinition) (o Options, ok bool) {
	if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs {
		o, err := Read(l.Options)
		return o, err == nil
	}
	return o, false
}

// Read reads the options. The error is worded as ECS words it.
func Read(options map[string]string) (o Options, err error) {
	o = Options{Group: options[group], Region: options[region], Prefix: options[prefix]}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		switch name {
		case group, region, prefix, create, datetime, multiline, mode, bufferSize:
		default:
			return o, fault("disallows options: %s", name)
		}
	}
	if o.Group == "" || o.Region == "" {
		return o, fault("requires options: %s, %s", region, group)
	}
	for _, v := range []struct {
		name string
		form *regexp.Regexp
	}{{group, groupForm}, {region, regionForm}, {prefix, prefixForm}, {bufferSize, sizeForm}} {
		if value, given := options[v.name]; given && !v.form.MatchString(value) {
			return o, bad(v.name, "has the value '%s', which is not valid.", value)
		}
	}
	if value, given := options[create]; given {
		if o.Create = value == "true"; !o.Create {
			return o, bad(create, "should only be set to 'true', else omit option.")
		}
	}
	if err := engineOptions(options); err != nil {
		return o, err
	}
	o.First, err = first(options)
	return o, err
}

// bad words a fault of one option.
func bad(name, format string, args ...any) error {
	return fault("option '%s' "+format, append([]any{name}, args...)...)
}

func fault(format string, args ...any) error {
	return fmt.Errorf("Log driver awslogs "+format, args...)
}

func engineOptions(options map[string]string) error {
	switch m := options[mode]; {
	case m != "" && m != "blocking" && m != "non-blocking":
		return bad(mode, "should be 'blocking' or 'non-blocking', not '%s'.", m)
	case options[bufferSize] != "" && m == "blocking":
		return bad(bufferSize, "needs the option 'mode' to be 'non-blocking'.")
	}
	return nil
}

// Engine returns those of the options that the engine's own log of the container takes.
func Engine(options map[string]string) map[string]string {
	own := map[string]string{}
	for _, name := range []string{mode, bufferSize} {
		if v := options[name]; v != "" {
			own[name] = v
		}
	}
	return own
}

// first returns what the first line of an event matches.
func first(options map[string]string) (*regexp.Regexp, error) {
	format, pattern := options[datetime], options[multiline]
	switch {
	case format != "" && pattern != "":
		return nil, bad(datetime, "cannot be set together with '%s'.", multiline)
	case format != "":
		pattern = expression(format)
	case pattern == "":
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, bad(map[bool]string{true: datetime, false: multiline}[format != ""], "is no regular expression: %s.", err)
	}
	return re, nil
}

// Stream names the stream of a container: with a prefix, prefix/container/task, else by its id on the engine.
func (o Options) Stream(container, task, runtimeID string) string {
	if o.Prefix == "" {
		return runtimeID
	}
	return o.Prefix + "/" + container + "/" + task
}

// codes are the parts of a time format as expressions.
//
// Source: https://docs.docker.com/engine/logging/drivers/awslogs/#awslogs-datetime-format
var codes = map[string]string{
	"A": `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day`,
	"a": `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)`,
	"B": `(?:January|February|March|April|May|June|July|August|September|October|November|December)`,
	"b": `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`,
	"d": `(?:0[1-9]|[12][0-9]|3[01])`,
	"f": `[0-9]{6}`,
	"H": `(?:[01][0-9]|2[0-3])`,
	"I": `(?:0[1-9]|1[0-2])`,
	"j": `(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])`,
	"L": `\.[0-9]{3}`,
	"M": `[0-5][0-9]`,
	"m": `(?:0[1-9]|1[0-2])`,
	"p": `(?:AM|PM)`,
	"S": `[0-5][0-9]`,
	"w": `[0-6]`,
	"Y": `[0-9]{4}`,
	"y": `[0-9]{2}`,
	"Z": `[A-Z]{1,4}T`,
	"z": `[+-][0-9]{4}`,
	"%": `%`,
}

// expression turns a time format into an expression, as the driver does: what is no code is an expression
// already, as in \[%b %d\], and a code that is not known stands for nothing.
//
// Source: https://github.com/moby/moby/blob/master/daemon/logger/awslogs/cloudwatchlogs.go (parseMultilineOptions)
func expression(format string) string {
	return code.ReplaceAllStringFunc(format, func(c string) string { return codes[c[1:]] })
}

var code = regexp.MustCompile(`%.`)
