package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/drover-iot/drover/internal/fault"
)

// form is how the payloads of a request are written: the last part of its topic.
type form interface {
	// read reads a payload, which is an object. An empty payload is an empty object.
	read(payload []byte, into any) error
	// write writes an answer.
	write(answer any) ([]byte, error)
}

var forms = map[string]form{"json": jsonForm{}, "cbor": cborForm{}}

type jsonForm struct{}

func (jsonForm) read(payload []byte, into any) error {
	if len(payload) == 0 {
		return nil
	}
	if trimmed := bytes.TrimLeft(payload, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return fault.New(fault.Invalid, "the payload is no JSON object")
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return unreadable("JSON", err)
	}
	return nil
}

func (jsonForm) write(answer any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(answer)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// unreadable is the fault of a payload that cannot be read. It repeats nothing of the payload.
func unreadable(what string, err error) error {
	var inJSON *json.UnmarshalTypeError
	var inCBOR *cbor.UnmarshalTypeError
	switch {
	case errors.As(err, &inJSON):
		return fault.New(fault.Invalid, "%s: of the wrong type: %s", inJSON.Field, inJSON.Value)
	case errors.As(err, &inCBOR):
		return fault.New(fault.Invalid, "%s: of the wrong type: %s",
			memberOf(inCBOR.StructFieldName), inCBOR.CBORType)
	}
	return fault.New(fault.Invalid, "the payload is no %s", what)
}

// memberOf is a member by the name of its field: provisionRequest.Parameters is parameters.
func memberOf(field string) string {
	_, name, found := strings.Cut(field, ".")
	if !found || name == "" {
		return "the payload"
	}
	return strings.ToLower(name[:1]) + name[1:]
}

type cborForm struct{}

// The bounds of what a device may send keep what it costs to read near its size.
var cborReader = must(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	MaxNestedLevels:  8,
	MaxArrayElements: 1024,
	MaxMapPairs:      1024,
	TagsMd:           cbor.TagsForbidden,
}.DecMode())

var cborWriter = must(cbor.CoreDetEncOptions().EncMode())

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err) // options that the library does not have
	}
	return mode
}

func (cborForm) read(payload []byte, into any) error {
	if len(payload) == 0 {
		return nil
	}
	const mapType = 5 << 5
	if payload[0]&0xe0 != mapType {
		return fault.New(fault.Invalid, "the payload is no CBOR map")
	}
	if err := cborReader.Unmarshal(payload, into); err != nil {
		return unreadable("CBOR", err)
	}
	return nil
}

func (cborForm) write(answer any) ([]byte, error) { return cborWriter.Marshal(answer) }

// value is a JSON object as a value that both forms can write. Whole numbers stay whole.
func value(text string) (map[string]any, error) {
	made := map[string]any{}
	if text == "" {
		return made, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&made); err != nil {
		return nil, err
	}
	return withNumbers(made).(map[string]any), nil
}

func withNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = withNumbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = withNumbers(item)
		}
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		if number, err := v.Float64(); err == nil {
			return number
		}
		return v.String()
	}
	return v
}
