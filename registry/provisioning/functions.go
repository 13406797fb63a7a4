package provisioning

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The functions of templates. A call is an object with one key, the name of the function:
// {"Ref": "SerialNumber"}. check looks at calls when a template is read: arguments of the right
// form, and names that are declared. value evaluates them.

// isCall reports whether an object is a call: its one key is Ref or begins with Fn::.
func isCall(o object) bool {
	name := callee(o)
	return name == "Ref" || strings.HasPrefix(name, "Fn::")
}

// callee is the one key of an object, empty when it has another number of keys.
func callee(o object) string {
	if len(o) == 1 {
		for name := range o {
			return name
		}
	}
	return ""
}

// arity is how many arguments the functions have that take a list of them.
var arity = map[string]int{"Fn::Join": 2, "Fn::Select": 2, "Fn::Split": 2, "Fn::FindInMap": 3}

// check refuses calls in a value that could never be evaluated.
func (t *Template) check(path string, value any) error {
	switch v := value.(type) {
	case list:
		for i, item := range v {
			if err := t.check(index(path, i), item); err != nil {
				return err
			}
		}
	case object:
		if isCall(v) {
			name := callee(v)
			return t.checkCall(below(path, name), name, v[name])
		}
		for key, item := range v {
			if err := t.check(below(path, key), item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) checkCall(path, name string, argument any) error {
	if n, ok := arity[name]; ok {
		arguments, ok := argument.(list)
		if !ok || len(arguments) != n {
			return invalid(path, "must be a list of %d arguments", n)
		}
		return t.check(path, argument)
	}
	switch name {
	case "Ref":
		referred, _ := argument.(string)
		return t.checkName(path, referred)
	case "Fn::Sub":
		text, variables, err := subArguments(path, argument)
		if err != nil {
			return err
		}
		if err := t.check(path, variables); err != nil {
			return err
		}
		_, err = substitute(path, text, func(name string) (string, error) {
			if _, ok := variables[name]; ok {
				return "", nil
			}
			return "", t.checkName(path, name)
		})
		return err
	}
	return invalid(path, "not a function of templates; there are Ref, Fn::Join, Fn::Select, "+
		"Fn::Split, Fn::FindInMap and Fn::Sub")
}

// checkName refuses a name that is neither a parameter of the template nor a pseudo parameter.
func (t *Template) checkName(path, name string) error {
	if _, ok := t.parameters[name]; ok || pseudo(name) {
		return nil
	}
	return invalid(path, "%q is not a parameter of the template", name)
}

// subArguments reads the argument of Fn::Sub: a text, or a list of a text and variables.
func subArguments(path string, argument any) (text string, variables object, err error) {
	if text, ok := argument.(string); ok {
		return text, nil, nil
	}
	arguments, _ := argument.(list)
	if len(arguments) == 2 {
		text, isText := arguments[0].(string)
		variables, isObject := arguments[1].(object)
		if isText && isObject {
			return text, variables, nil
		}
	}
	return "", nil, invalid(path, "must be a text, or a list of a text and an object of variables")
}

// substitute replaces each ${name} of a text by what value says of the name. ${!name} stands for
// the text ${name}: policy variables are written so.
func substitute(
	path, text string, value func(name string) (string, error),
) (string, error) {
	var made strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		made.WriteString(before)
		if !found {
			return made.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", invalid(path, "${ without }")
		}
		text = after
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			made.WriteString("${" + literal + "}")
			continue
		}
		replaced, err := value(strings.TrimSpace(name))
		if err != nil {
			return "", err
		}
		made.WriteString(replaced)
	}
}

// evaluation is one evaluation of a template.
type evaluation struct {
	*Template
	given Values
	// inPolicy says that the document of a policy is being made, where a value that a device has
	// sent must not widen what the policy says.
	inPolicy bool
	made     int // bytes of text that functions have made
}

// maxMade is how much text the functions of a template may make. Values that devices send must not
// grow in them without bound.
const maxMade = 256 << 10

// grow counts text that a function is about to make.
func (e *evaluation) grow(path string, bytes int) error {
	if e.made += bytes; e.made > maxMade {
		return invalid(path, "the functions make more than %d bytes of text", maxMade)
	}
	return nil
}

// value evaluates a value with all calls in it.
func (e *evaluation) value(path string, value any) (any, error) {
	switch v := value.(type) {
	case list:
		made := make(list, len(v))
		for i, item := range v {
			var err error
			if made[i], err = e.value(index(path, i), item); err != nil {
				return nil, err
			}
		}
		return made, nil
	case object:
		if isCall(v) {
			name := callee(v)
			return e.call(below(path, name), name, v[name])
		}
		made := object{}
		for key, item := range v {
			var err error
			if made[key], err = e.value(below(path, key), item); err != nil {
				return nil, err
			}
		}
		return made, nil
	}
	return value, nil
}

func (e *evaluation) call(path, name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return e.parameter(path, argument.(string))
	case "Fn::Sub":
		return e.sub(path, argument)
	}
	evaluated, err := e.value(path, argument)
	if err != nil {
		return nil, err
	}
	arguments := evaluated.(list)
	switch name {
	case "Fn::Join":
		return e.join(path, arguments)
	case "Fn::Select":
		return selectItem(path, arguments)
	case "Fn::Split":
		return e.split(path, arguments)
	}
	return e.findInMap(path, arguments)
}

// parameter is the value of a parameter: what was given, what the server knows, or the default.
func (e *evaluation) parameter(path, name string) (string, error) {
	value, ok := e.given.Parameters[name]
	if pseudo(name) {
		value, ok = e.given.Pseudo[name]
	}
	if !ok {
		declared := e.parameters[name]
		if value, ok = declared.fallback, declared.hasFallback; !ok {
			if pseudo(name) {
				return "", invalid(path, "%s has no value here", name)
			}
			return "", missing(name)
		}
	}
	if e.inPolicy && strings.ContainsAny(value, "*?$") {
		return "", invalid(path, "the value of %s has one of * ? $ in it, which would mean more in "+
			"a policy than the text itself", name)
	}
	return value, nil
}

func (e *evaluation) sub(path string, argument any) (string, error) {
	text, variables, err := subArguments(path, argument)
	if err != nil {
		return "", err
	}
	return substitute(path, text, func(name string) (string, error) {
		made, err := e.variable(path, variables, name)
		if err != nil {
			return "", err
		}
		return made, e.grow(path, len(made))
	})
}

// variable is the value of a name in the text of Fn::Sub: of a variable, or else of a parameter.
func (e *evaluation) variable(path string, variables object, name string) (string, error) {
	given, ok := variables[name]
	if !ok {
		return e.parameter(path, name)
	}
	value, err := e.value(path, given)
	if err != nil {
		return "", err
	}
	return asText(path, value)
}

// join is the items of a list with a text between them.
func (e *evaluation) join(path string, arguments list) (string, error) {
	between, isText := arguments[0].(string)
	items, isList := arguments[1].(list)
	if !isText || !isList {
		return "", invalid(path, "must be a text and a list")
	}
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = asText(index(path, i), item); err != nil {
			return "", err
		}
		if err := e.grow(path, len(texts[i])+len(between)); err != nil {
			return "", err
		}
	}
	return strings.Join(texts, between), nil
}

// selectItem is the item of a list at an index, which counts from 0.
func selectItem(path string, arguments list) (any, error) {
	text, err := asText(path, arguments[0])
	if err != nil {
		return nil, err
	}
	items, ok := arguments[1].(list)
	if !ok {
		return nil, invalid(path, "must be an index and a list")
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= len(items) {
		return nil, invalid(path, "%q is no index of a list of %d items", text, len(items))
	}
	if items[i] == nil {
		return nil, invalid(path, "item %d is null", i)
	}
	return items[i], nil
}

// split is the parts of a text between delimiters.
func (e *evaluation) split(path string, arguments list) (list, error) {
	delimiter, first := arguments[0].(string)
	text, second := arguments[1].(string)
	if !first || !second || delimiter == "" {
		return nil, invalid(path, "must be a delimiter and a text")
	}
	if err := e.grow(path, len(text)); err != nil {
		return nil, err
	}
	parts := list{}
	for part := range strings.SplitSeq(text, delimiter) {
		parts = append(parts, part)
	}
	return parts, nil
}

// findInMap is the value under two keys of a map of the section Mappings.
func (e *evaluation) findInMap(path string, arguments list) (any, error) {
	var keys [3]string
	for i, argument := range arguments {
		var err error
		if keys[i], err = asText(index(path, i), argument); err != nil {
			return nil, err
		}
	}
	found, ok := e.mappings[keys[0]][keys[1]][keys[2]]
	if !ok {
		return nil, invalid(path, "Mappings has no %s, %s, %s", keys[0], keys[1], keys[2])
	}
	return found, nil
}

// asText is a value that is text, or a number as it was written.
func asText(path string, value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", invalid(path, "must be a text")
}
