package policy

import (
	"encoding/json"
	"errors"
	"strings"
)

// node is a JSON value with what a policy may hold: text (numbers and booleans are kept as they are
// written), a list, or members in the order of their names.
type node struct {
	text    string
	kind    nodeKind
	list    []node
	members []member
	from    int64 // of an object: where it begins and ends in the document
	to      int64
}

type nodeKind int8

const (
	textNode nodeKind = iota
	scalarNode
	listNode
	objectNode
)

type member struct {
	name  string
	value node
}

// deepest is how far values of a policy may nest: document, statement, condition, key, list.
const deepest = 8

var errSyntax = &Malformed{"Syntax errors in policy."}

// readTree reads the JSON of a document. A name that occurs twice in one object is an error.
func readTree(document string) (node, error) {
	if strings.ContainsAny(document, "\x00\x01\x02") {
		return node{}, errSyntax
	}
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	n, err := readNode(d, deepest)
	if err != nil {
		return node{}, errSyntax
	}
	if _, err := d.Token(); err == nil || !strings.Contains(err.Error(), "EOF") {
		return node{}, errSyntax
	}
	return n, nil
}

func readNode(d *json.Decoder, depth int) (node, error) {
	if depth == 0 {
		return node{}, errors.New("too deep")
	}
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch v := t.(type) {
	case string:
		if strings.ContainsAny(v, "\x00\x01\x02") {
			return node{}, errSyntax
		}
		return node{text: v}, nil
	case json.Number:
		return node{text: v.String(), kind: scalarNode}, nil
	case bool:
		text := "false"
		if v {
			text = "true"
		}
		return node{text: text, kind: scalarNode}, nil
	case json.Delim:
		if v == '[' {
			return readList(d, depth)
		}
		return readObject(d, depth)
	}
	return node{}, errors.New("null")
}

func readList(d *json.Decoder, depth int) (node, error) {
	n := node{kind: listNode}
	for d.More() {
		v, err := readNode(d, depth-1)
		if err != nil {
			return n, err
		}
		n.list = append(n.list, v)
	}
	_, err := d.Token()
	return n, err
}

func readObject(d *json.Decoder, depth int) (node, error) {
	n := node{kind: objectNode, from: d.InputOffset() - 1}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return n, err
		}
		s, _ := name.(string)
		if _, twice := n.get(s); twice {
			return n, errors.New("twice: " + s)
		}
		v, err := readNode(d, depth-1)
		if err != nil {
			return n, err
		}
		n.members = append(n.members, member{s, v})
	}
	_, err := d.Token()
	n.to = d.InputOffset()
	return n, err
}

func (n node) get(name string) (node, bool) {
	for _, m := range n.members {
		if m.name == name {
			return m.value, true
		}
	}
	return node{}, false
}

// texts returns a text or a list of texts; scalars are texts where loose.
func (n node) texts(loose bool) ([]string, bool) {
	if n.kind == textNode || n.kind == scalarNode && loose {
		return []string{n.text}, true
	}
	if n.kind != listNode {
		return nil, false
	}
	out := make([]string, 0, len(n.list))
	for _, v := range n.list {
		if v.kind != textNode && (v.kind != scalarNode || !loose) {
			return nil, false
		}
		out = append(out, v.text)
	}
	return out, true
}
