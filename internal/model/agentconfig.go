package model

import (
	"regexp"
	"strings"
)

// AgentConfig is what user data writes to /etc/ecs/ecs.config, the environment of the ECS agent: its
// ECS_ variables by name. Of several values the last counts.
type AgentConfig map[string]string

var (
	assignment = regexp.MustCompile(`^\s*(?:-\s+)?(?:export\s+)?(ECS_[A-Z0-9_]+)=(.*)$`)
	embedded   = regexp.MustCompile(`^(ECS_[A-Z0-9_]+)=([\s\S]*)$`)
	hereDoc    = regexp.MustCompile(`<<-?\s*\\?["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)
	elsewhere  = regexp.MustCompile(`>\s*/`)
)

// ReadAgentConfig reads user data as a shell would run it, as far as it writes variables: echo and
// printf with quotes, here-documents, lines of a cloud-config. No other command is run, so a
// variable that a script computes is not seen.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
func ReadAgentConfig(data string) AgentConfig {
	c := AgentConfig{}
	end, ours := "", false // the here-document that a line is in, and whether it is for the agent
	lines := strings.Split(strings.ReplaceAll(data, "\\\n", " "), "\n")
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		trimmed := strings.TrimSpace(line)
		switch doc := hereDoc.FindStringSubmatch(line); {
		case end != "" && trimmed == end:
			end = ""
		case end != "" && !ours, strings.HasPrefix(trimmed, "#"):
		case end != "":
			c.line(line, true)
		case doc != nil:
			end, ours = doc[1], forAgent(line)
		case forAgent(line):
			c.line(line, false)
		}
	}
	return c
}

// forAgent reports whether what a command writes may be for the agent: no other file is named.
func forAgent(line string) bool {
	return strings.Contains(line, "ecs.config") || !elsewhere.MatchString(line)
}

// line reads one line: an assignment as the file has it, else, outside of here-documents, a command.
func (c AgentConfig) line(line string, raw bool) {
	if m := assignment.FindStringSubmatch(line); m != nil {
		c[m[1]] = bare(m[2], raw)
		return
	}
	if raw {
		return
	}
	for _, word := range words(line) {
		for _, part := range strings.Split(word, `\n`) { // echo -e and printf
			if m := embedded.FindStringSubmatch(part); m != nil {
				c[m[1]] = strings.TrimSpace(m[2])
			}
		}
	}
}

// bare returns a value without the quotes around it. One that is no JSON and no whole line of a file
// ends where a shell would end it.
func bare(value string, whole bool) string {
	value = strings.TrimSpace(value)
	if len(value) > 0 && (value[0] == '\'' || value[0] == '"') {
		if i := strings.LastIndexByte(value[1:], value[0]); i >= 0 && (whole || !strings.ContainsAny(value[i+2:], "\"'")) {
			return strings.TrimSpace(value[1 : i+1])
		}
	}
	if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		if i := strings.LastIndexAny(value, "}]"); i > 0 {
			return value[:i+1]
		}
	}
	if i := strings.IndexAny(value, `"'`); i >= 0 && strings.Count(value, value[i:i+1])%2 == 1 {
		value = value[:i] // the quote began on a line before
	}
	if ws := words(value); len(ws) > 0 {
		return ws[0]
	}
	return ""
}

// words splits a line as a shell does: at spaces and operators outside of quotes. A quote that does
// not end on the line ends with it.
func words(line string) (all []string) {
	var word strings.Builder
	begun, quote, escaped := false, rune(0), false
	flush := func() {
		if begun {
			all = append(all, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteRune('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, begun = true, true
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && strings.ContainsRune(" \t;&|<>()", r):
			flush()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	flush()
	return all
}

// ClusterName returns the cluster that the instance's user data names, or "default" as the agent has
// it.
func (i Instance) ClusterName() string {
	if name := ReadAgentConfig(i.UserData)["ECS_CLUSTER"]; name != "" && !strings.ContainsAny(name, "\n\r;\"' >") {
		return name
	}
	return "default"
}
