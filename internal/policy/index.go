package policy

import "strings"

// Named is a document and what a decision calls it.
type Named struct {
	Name string // of the inline policy or the managed policy
	ARN  string // of the managed policy, or of the resource
	Doc  *Document
}

// Index is the statements of many documents, found by the action that they speak of. A statement
// that concerns another action is not looked at.
type Index struct {
	exact   map[string][]entry // by "ecs:runtask"
	service map[string][]entry // by "ecs", where the name has wildcards
	other   []entry            // the service has wildcards, or NotAction
	context []string           // condition keys and variables, lower case, sorted
}

// entry is a statement and the document that it stands in.
type entry struct {
	from *Named
	*statement
}

// NewIndex returns the index of documents. It keeps them.
func NewIndex(documents ...Named) *Index {
	x := &Index{exact: map[string][]entry{}, service: map[string][]entry{}}
	keys := map[string]bool{}
	for i := range documents {
		for _, s := range documents[i].Doc.statements {
			x.add(entry{&documents[i], s})
			s.keys(keys)
		}
	}
	x.context = sortedKeys(keys)
	return x
}

func (x *Index) add(e entry) {
	if e.notActions {
		x.other = append(x.other, e)
		return
	}
	seen := map[string]bool{}
	for _, a := range e.actions {
		service, _, _ := strings.Cut(a, ":")
		at := a
		switch wild := strings.IndexByte(a, star) >= 0 || strings.IndexByte(a, anyChar) >= 0; {
		case strings.IndexByte(service, star) >= 0 || strings.IndexByte(service, anyChar) >= 0:
			at = "*"
		case wild:
			at = service
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		switch at {
		case "*":
			x.other = append(x.other, e)
		case service:
			x.service[service] = append(x.service[service], e)
		default:
			x.exact[at] = append(x.exact[at], e)
		}
	}
}

// ContextKeys are the keys that the documents' conditions and variables read, lower case.
func (x *Index) ContextKeys() []string {
	if x == nil {
		return nil
	}
	return x.context
}

// lists are the entries that may concern an action, which is lower case.
func (x *Index) lists(action string) [3][]entry {
	service, _, _ := strings.Cut(action, ":")
	return [3][]entry{x.exact[action], x.service[service], x.other}
}

// keys adds the context keys that s reads.
func (s *statement) keys(into map[string]bool) {
	add := func(vars []placeholder) {
		for _, v := range vars {
			into[v.key] = true
		}
	}
	for i := range s.resources {
		add(s.resources[i].vars)
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		into[c.key] = true
		for j := range c.values {
			add(c.values[j].vars)
		}
		for j := range c.arns {
			add(c.arns[j].vars)
		}
	}
}
