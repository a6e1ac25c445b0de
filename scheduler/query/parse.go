package query

import "slices"

// Parse reads an expression. The error, if there is one, is an *Error.
func Parse(text string) (*Expr, error) {
	if len(text) > MaxLength {
		return nil, fail(MaxLength, "Expression is longer than %d characters", MaxLength)
	}
	p := &parser{lexer: lexer{text: text}}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Expr{root: root, uses: p.uses}, nil
}

// parser is a recursive-descent parser; MaxLength bounds how deep it goes. cur is the token that
// was read and not yet used.
type parser struct {
	lexer
	cur  token
	uses uses
}

func (p *parser) parse() (node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.cur.kind != end {
		return nil, fail(p.cur.at, "Unexpected %s, expected and, or, or the end of the expression", p.cur)
	}
	return n, nil
}

func (p *parser) advance() (err *Error) {
	p.cur, err = p.next()
	return err
}

func (p *parser) or() (node, *Error) {
	all, err := p.chain(p.and, "||", "or")
	if err != nil || len(all) == 1 {
		return one(all), err
	}
	return orNode(all), nil
}

func (p *parser) and() (node, *Error) {
	all, err := p.chain(p.not, "&&", "and")
	if err != nil || len(all) == 1 {
		return one(all), err
	}
	return andNode(all), nil
}

func one(ns []node) node {
	if len(ns) == 0 {
		return nil
	}
	return ns[0]
}

// chain reads parts that a connective, in either spelling, joins.
func (p *parser) chain(part func() (node, *Error), spelling ...string) (all []node, err *Error) {
	for {
		n, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
		if !p.cur.is(spelling...) {
			return all, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) not() (node, *Error) {
	switch {
	case p.cur.is("!", "not"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		return notNode{n}, nil
	case p.cur.is("("):
		return p.parentheses()
	}
	return p.comparison()
}

func (p *parser) parentheses() (node, *Error) {
	open := p.cur.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.cur.is(")") {
		if p.cur.kind == end {
			return nil, fail(open, "Missing closing parenthesis")
		}
		return nil, fail(p.cur.at, "Unexpected %s, expected and, or, or a closing parenthesis", p.cur)
	}
	return n, p.advance()
}

// comparison reads subject, operator and what the operator takes.
func (p *parser) comparison() (node, *Error) {
	if p.cur.kind != word {
		return nil, fail(p.cur.at, "Unexpected %s, expected a subject", p.cur)
	}
	s, err := subjectOf(p.cur)
	if err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	op, not, err := p.operator(s)
	if err != nil {
		return nil, err
	}
	args, err := p.arguments(op)
	if err != nil {
		return nil, err
	}
	p.uses.tasks = p.uses.tasks || s.name == runningTasksCount
	p.uses.groups = p.uses.groups || s.name == taskGroup
	n, err := s.test(op, args)
	if err != nil {
		return nil, err
	}
	if not {
		n = notNode{n}
	}
	return n, p.advance()
}

// operator reads an operator that the subject takes. cur is left on its last token, because what
// follows is cut in another way.
func (p *parser) operator(s subject) (op operator, not bool, err *Error) {
	at, text := p.cur.at, p.cur.text
	if p.cur.is("!") {
		if err := p.advance(); err != nil {
			return 0, false, err
		}
		if !p.cur.is("in", "exists") {
			return 0, false, fail(at, `Unexpected "!", expected an operator`)
		}
		text = "!" + p.cur.text
	} else if p.cur.kind != word && p.cur.kind != sign {
		return 0, false, fail(at, "Unexpected %s, expected an operator", p.cur)
	}
	sp, known := operators[text]
	switch {
	case !known:
		return 0, false, fail(at, "Unexpected %q, expected an operator", text)
	case !slices.Contains(s.takes, sp.op):
		return 0, false, fail(at, "The operator %s is not valid for %s", text, s.name)
	}
	return sp.op, sp.not, nil
}

// arguments reads what follows an operator.
func (p *parser) arguments(op operator) ([]token, *Error) {
	switch op {
	case exists:
		return nil, nil
	case in:
		return p.list()
	case matches:
		t, err := p.pattern()
		return p.argument(t, err)
	}
	t, err := p.value()
	return p.argument(t, err)
}

func (p *parser) argument(t token, err *Error) ([]token, *Error) {
	if err != nil {
		return nil, err
	}
	if t.kind != word && t.kind != quoted {
		return nil, fail(t.at, "Unexpected %s, expected a value", t)
	}
	return []token{t}, nil
}

func (p *parser) list() (args []token, err *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	open := p.cur.at
	if !p.cur.is("[") {
		return nil, fail(open, "Unexpected %s, expected a list in brackets", p.cur)
	}
	for {
		t, err := p.value()
		one, err := p.argument(t, err)
		if err != nil {
			return nil, err
		}
		args = append(args, one...)
		if err := p.advance(); err != nil {
			return nil, err
		}
		switch {
		case p.cur.is("]"):
			return args, nil
		case p.cur.kind == end:
			return nil, fail(open, "Missing closing bracket")
		case !p.cur.is(","):
			return nil, fail(p.cur.at, "Unexpected %s, expected a comma or a closing bracket", p.cur)
		}
	}
}
