package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Policy documents are read strictly: a member that is not known, or a value of another kind than
// it must have, is refused, and the refusal says which in the words of JSON.

// strictJSON reads a text that is one JSON value, and refuses members that the Go value does not
// have.
func strictJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// inWords says what strictJSON has refused: encoding/json names Go types, which say nothing to the
// author of a policy. {"Effect":1} becomes "Effect: expected a string, got a number".
func inWords(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	expected := "an object"
	if wrong.Type.Kind() == reflect.String {
		expected = "a string"
	}
	got, _, _ := strings.Cut(wrong.Value, " ") // "number 5" is one of the forms
	if word, known := kinds[got]; known {
		got = word
	}
	where := ""
	if wrong.Field != "" {
		where = wrong.Field + ": "
	}
	return fmt.Sprintf("%sexpected %s, got %s", where, expected, got)
}

// kinds are the kinds of JSON values, by what encoding/json calls them.
var kinds = map[string]string{
	"array":  "a list",
	"bool":   "a boolean",
	"number": "a number",
	"object": "an object",
	"string": "a string",
}

// oneOrMany is one value or a list of values: policy documents allow both in most places. Null is
// neither: with NotResource it would mean everything.
type oneOrMany[T any] []T

// UnmarshalJSON reads either form.
func (l *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	values := []json.RawMessage{text}
	if bytes.HasPrefix(text, []byte("[")) {
		if err := json.Unmarshal(text, &values); err != nil {
			return err
		}
	}
	*l = make([]T, len(values))
	for i, value := range values {
		if err := strictJSON(value, &(*l)[i]); err != nil {
			return err
		}
		if string(value) == "null" {
			return &json.UnmarshalTypeError{Value: "null", Type: reflect.TypeFor[T]()}
		}
	}
	return nil
}
