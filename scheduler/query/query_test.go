package query

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// here is the instance that expressions are asked of.
var here = &Instance{
	Attributes: []model.Attribute{{Name: "ecs.instance-type", Value: "g2.2xlarge"}, {Name: "ecs.availability-zone", Value: "us-east-1a"},
		{Name: "stack", Value: "prod blue"}, {Name: "size", Value: "10"}, {Name: "flag"}},
	AgentConnected: true, AgentVersion: "1.14.5", EC2: "i-abcd1234", Running: 2,
	Registered: time.Date(2018, 6, 18, 22, 28, 28, 999, time.UTC),
	Groups:     slices.Values([]string{"service:production", "family:web"}),
}

func TestExpressions(t *testing.T) {
	for text, want := range map[string]bool{
		// Every operator in both spellings.
		"attribute:stack == 'prod blue'":               true,
		"attribute:stack equals prod":                  false,
		"attribute:stack != prod":                      true,
		"attribute:stack not_equals 'prod blue'":       false,
		"runningTasksCount > 1":                        true,
		"runningTasksCount greater_than 2":             false,
		"runningTasksCount >= 2":                       true,
		"runningTasksCount greater_than_equal 3":       false,
		"runningTasksCount < 3":                        true,
		"runningTasksCount less_than 2":                false,
		"runningTasksCount <= 2":                       true,
		"runningTasksCount less_than_equal 1":          false,
		"attribute:flag exists":                        true,
		"attribute:gone exists":                        false,
		"attribute:gone !exists":                       true,
		"attribute:flag not_exists":                    false,
		"attribute:size in [1, 10]":                    true,
		"attribute:size !in [1, 10]":                   false,
		"attribute:size not_in [1, 2]":                 true,
		"attribute:ecs.instance-type =~ g2.*":          true,
		"attribute:ecs.instance-type matches g2":       false, // all of the value
		"attribute:ecs.instance-type !~ g2.*":          false,
		"attribute:ecs.instance-type not_matches t2.*": true,
		// Every subject.
		"agentConnected == true":                        true,
		"agentConnected in [false]":                     false,
		"agentConnected =~ t.*":                         true,
		"agentVersion < 1.14.5":                         false,
		"agentVersion == 1.14.5":                        true,
		"agentVersion >= 1.9.0":                         true, // numbers, not strings
		"agentVersion > 1.14":                           true,
		"ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']": true,
		"ec2InstanceId == i-wxyx7890":                   false,
		"registeredAt < 2018-02-13":                     false,
		"registeredAt > 2018-06-18":                     true,
		"registeredAt == 2018-06-18T22:28:28":           true,
		"registeredAt <= 2018-06-18T22:28:28Z":          true,
		"registeredAt >= 2018-06-18T22:28:28+00:00":     true,
		"registeredAt == 2018-06-19T00:28:28+02:00":     true,
		"runningTasksCount == 1":                        false,
		"task:group == service:production":              true,
		"task:group == database":                        false,
		"task:group in [database, family:web]":          true,
		"task:group != family:web":                      false,
		"task:group !~ 'service:.*'":                    false,
		"task:group exists":                             true,
		"not(task:group == database)":                   true,
		// Attributes by order: numbers as numbers, else strings.
		"attribute:size > 9":    true,
		"attribute:stack > a":   true,
		"attribute:gone > 1":    false,
		"attribute:gone != 1":   true,
		"attribute:gone in [1]": false,
		"attribute:flag == ''":  true,
		// Connectives, precedence, parentheses.
		"attribute:flag exists and attribute:gone exists":                            false,
		"attribute:flag exists && attribute:size == 10":                              true,
		"attribute:gone exists or attribute:flag exists":                             true,
		"attribute:gone exists || attribute:gone exists":                             false,
		"!attribute:gone exists":                                                     true,
		"not attribute:gone exists and attribute:gone exists":                        false,
		"not not attribute:flag exists":                                              true,
		"attribute:flag exists or attribute:flag exists and attribute:gone exists":   true,
		"(attribute:flag exists or attribute:flag exists) and attribute:gone exists": false,
		"! ( attribute:gone exists )":                                                true,
		// No blanks are needed where a sign parts words.
		"attribute:size==10&&attribute:flag exists": true,
		"(attribute:size==10)":                      true,
		"attribute:size in[1,10]":                   true,
		// Strings: either quote, escaped quotes, every other backslash stands.
		`attribute:stack == "prod blue"`: true,
		`attribute:stack == 'it\'s'`:     false,
		`attribute:size =~ '\d+'`:        true,
		"attribute:size =~ [0-9]{2}":     true,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := e.Holds(here); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func TestErrorsNameThePosition(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `Unexpected end of the expression, expected a subject at position 1`,
		"zone == a":                `Unknown subject "zone" at position 1`,
		"attribute: == a":          `Unknown subject "attribute:" at position 1`,
		"attribute:a":              `Unexpected end of the expression, expected an operator at position 12`,
		"attribute:a is b":         `Unexpected "is", expected an operator at position 13`,
		"attribute:a ! b":          `Unexpected "!", expected an operator at position 13`,
		"attribute:a == ":          `Unexpected end of the expression, expected a value at position 16`,
		"attribute:a == )":         `Unexpected ")", expected a value at position 16`,
		"attribute:a == 'b":        `Missing closing quote for the string at position 16`,
		"attribute:a in b":         `Unexpected "b", expected a list in brackets at position 16`,
		"attribute:a in []":        `Unexpected "]", expected a value at position 17`,
		"attribute:a in [b":        `Missing closing bracket at position 16`,
		"attribute:a in [b c]":     `Unexpected "c", expected a comma or a closing bracket at position 19`,
		"attribute:a == b c":       `Unexpected "c", expected and, or, or the end of the expression at position 18`,
		"(attribute:a == b":        `Missing closing parenthesis at position 1`,
		"(attribute:a == b c":      `Unexpected "c", expected and, or, or a closing parenthesis at position 19`,
		"attribute:a == b and":     `Unexpected end of the expression, expected a subject at position 21`,
		"'attribute:a' == b":       `Unexpected "attribute:a", expected a subject at position 1`,
		"agentVersion == new":      `Invalid version "new" at position 17`,
		"agentVersion =~ 1":        `The operator =~ is not valid for agentVersion at position 14`,
		"agentConnected > true":    `The operator > is not valid for agentConnected at position 16`,
		"agentConnected == yes":    `Invalid value "yes", expected true or false at position 19`,
		"ec2InstanceId exists":     `The operator exists is not valid for ec2InstanceId at position 15`,
		"task:group > a":           `The operator > is not valid for task:group at position 12`,
		"runningTasksCount == few": `Invalid number "few" at position 22`,
		"runningTasksCount in [1]": `The operator in is not valid for runningTasksCount at position 19`,
		"registeredAt < yesterday": `Invalid date "yesterday", expected one such as 2018-06-18 or 2018-06-18T22:28:28Z at position 16`,
		"attribute:a =~ 'a(b'":     `Invalid pattern "a(b": missing closing ): ` + "`" + `\A(?:a(b)\z` + "`" + ` at position 16`,
		"attribute:a =~ '(?=b)'":   `Invalid pattern "(?=b)": lookaheads are not supported at position 16`,
		strings.Repeat("a", 2001):  `Expression is longer than 2000 characters at position 2001`,
	} {
		_, err := Parse(text)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestWhatTasksChange(t *testing.T) {
	for text, want := range map[string][2]bool{
		"attribute:a exists":                            {false, false},
		"runningTasksCount == 1":                        {true, false},
		"attribute:a exists or not task:group == a":     {true, true},
		"runningTasksCount == 1 and agentVersion > 1.0": {true, false},
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{e.OfTasks(), e.OfGroups()}; got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func TestJavaPatterns(t *testing.T) {
	for _, tt := range []struct{ pattern, matches, not string }{
		{`a|b`, "b", "ab"},
		{`a*?b`, "aab", "a"},
		{`(?i)web`, "WEB", "weber"},
		{`(?<n>a)b`, "ab", "a"},
		{`\Qa.b\E.`, "a.bc", "axbc"},
		{`\x41\u0042\x{43}\0104`, "ABCD", "ABC"},
		{`\p{Lower}+`, "abc", "ABC"},
		{`\P{Lower}+`, "ABC", "abc"},
		{`[\p{Digit}x]+`, "1x2", "y"},
		{`\p{L}\p{IsGreek}`, "aλ", "aa"},
		{`\pL`, "é", "1"},
		{`a\sb\Sc`, "a\vb.c", "axb.c"},
		{`[\s]`, "\v", "x"},
		{`\h\e`, "\u00a0\x1b", "\n\x1b"},
		{`[]a]+`, "]a", "b"},
		{`[^\]a]`, "b", "]"},
		{`[a\-z]+`, "a-z", "b"},
		{`\-\/\é`, "-/é", "x"},
		{`^a$`, "a", "b"},
		{`\w+\.\d{2,3}`, "a.12", "a.1"},
	} {
		re, err := pattern(token{text: tt.pattern})
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
		} else if !re.MatchString(tt.matches) || re.MatchString(tt.not) {
			t.Errorf("%s as %s: %v, %v", tt.pattern, re, re.MatchString(tt.matches), re.MatchString(tt.not))
		}
	}
}

func TestJavaPatternsThatAreRefused(t *testing.T) {
	for pat, want := range map[string]string{
		`a(?!b)`:       "lookaheads are not supported",
		`(?<=a)b`:      "lookbehinds are not supported",
		`(?<!a)b`:      "lookbehinds are not supported",
		`(?>a)`:        "atomic groups are not supported",
		`(a)\1`:        "back references are not supported",
		`(?<n>a)\k<n>`: "back references are not supported",
		`a*+`:          "possessive quantifiers are not supported",
		`a{2}+`:        "possessive quantifiers are not supported",
		`[a-z&&[^b]]`:  "unions and intersections of character classes are not supported",
		`[a[bc]]`:      "unions and intersections of character classes are not supported",
		`(?x)a`:        "the flags x are not supported",
		`\R`:           `escapes \R are not supported`,
		`\p{InGreek}`:  `properties such as p{InGreek} are not supported`,
		`[a`:           "a missing closing ]",
		`a\`:           "a trailing backslash",
		`\u00`:         `an incomplete \u`,
		`\xzz`:         `an invalid \x`,
	} {
		_, err := pattern(token{text: pat})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", pat, err, want)
		}
	}
}

// FuzzParse checks that nothing panics, that errors point into the text, and that not negates.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"attribute:a in [b, 'c'] and not (task:group == x || !runningTasksCount > 3)", `attribute:a =~ '\p{Lower}[a\-z]+?(?i)\Qx\E'`,
		"registeredAt < 2018-02-13&&agentVersion>=1.2", "attribute:a !exists or agentConnected != true", "(((", "attribute:a =~ [a-z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) || at.Position < 1 || at.Position > len(text)+1 || at.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if len(text) > MaxLength-5 {
			return
		}
		not, err := Parse("not(" + text + ")")
		if err != nil {
			t.Fatalf("%q parses and its negation does not: %v", text, err)
		}
		if e.Holds(here) == not.Holds(here) {
			t.Fatalf("%q and its negation agree", text)
		}
	})
}
