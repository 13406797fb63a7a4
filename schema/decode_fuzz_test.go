package schema_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// loose is a structure without constraints, whose JSON encoding/json can judge.
type loose struct {
	S  *string           `json:"s"`
	B  *bool             `json:"b"`
	I  *int32            `json:"i"`
	L  *int64            `json:"l"`
	D  *schema.Decimal   `json:"d"`
	LS []string          `json:"ls"`
	M  map[string]string `json:"m"`
	O  *loose1           `json:"o"`
	LO []loose1          `json:"lo"`
}

type loose1 struct {
	S *string `json:"s"`
	L *int64  `json:"l"`
}

// FuzzDecode holds the decoder against encoding/json: whether the text is JSON, whether the types
// fit, and the value.
func FuzzDecode(f *testing.F) {
	for _, row := range decodeFailures {
		f.Add([]byte(row.body))
	}
	for _, seed := range []string{
		`{"s":"\ud800x\u00e9\n","b":false,"i":-5,"l":9223372036854775807,"d":-1.5E+3,"ls":["","a"],"m":{"k":"v"}}`,
		`{"o":{"s":"x","l":1},"lo":[{"l":2},{"s":""}],"o":{"s":"y"}}`, `{"i":null,"ls":null,"m":{"a":null}}`,
		"", " ", `{"l":-0}`, "{\"s\":\"\u2028\x7f\"}", `{"m":{"a":"1","a":"2"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got loose
		err := schema.Decode(data, &got, schema.Decoding{Depth: 1 << 20})
		if len(bytes.Trim(data, " \t\r\n")) == 0 {
			if err != nil {
				t.Fatalf("an empty body: %v", err)
			}
			return
		}
		want, isObject, fits := plainDecode(data)
		switch {
		case !isObject:
			if !fault.Is(err, fault.Malformed) {
				t.Fatalf("%q is no object, got %v", data, err)
			}
		case !fits:
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q does not fit, got %v", data, err)
			}
		case err != nil:
			t.Fatalf("%q is refused: %v", data, err)
		default:
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q (-want +got):\n%s", data, diff)
			}
			again := new(loose)
			if err := schema.Decode(schema.Append(nil, got), again, schema.Decoding{}); err != nil || !cmp.Equal(got, *again) {
				t.Fatalf("%q does not come back from %s: %v", data, schema.Append(nil, got), err)
			}
		}
	})
}

// plainDecode is the second version: encoding/json into maps, then member by member.
func plainDecode(data []byte) (v loose, isObject, fits bool) {
	var members map[string]json.RawMessage
	if !utf8.Valid(data) || json.Unmarshal(data, &members) != nil || members == nil {
		return v, false, false
	}
	if hasRepeatedMistake(data) {
		return v, true, false
	}
	fits = plainInto(members["s"], &v.S) && plainInto(members["b"], &v.B) && plainInto(members["i"], &v.I) &&
		plainInto(members["l"], &v.L) && plainNumber(members["d"], &v.D) && plainStrings(members["ls"], &v.LS) &&
		plainMap(members["m"], &v.M)
	if raw := members["o"]; !absent(raw) {
		v.O = new(loose1)
		fits = fits && plainInner(raw, v.O)
	}
	if raw := members["lo"]; !absent(raw) {
		var list []json.RawMessage
		fits = fits && json.Unmarshal(raw, &list) == nil
		v.LO = make([]loose1, len(list))
		for i, raw := range list {
			fits = fits && !absent(raw) && plainInner(raw, &v.LO[i])
		}
	}
	return v, true, fits
}

func absent(raw json.RawMessage) bool { return raw == nil || string(raw) == "null" }

func plainInto[T any](raw json.RawMessage, to **T) bool {
	return absent(raw) || json.Unmarshal(raw, to) == nil
}

func plainNumber(raw json.RawMessage, to **schema.Decimal) bool {
	if absent(raw) {
		return true
	}
	*to = new(schema.Decimal(raw))
	return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
}

func plainStrings(raw json.RawMessage, to *[]string) bool {
	var list []*string
	if absent(raw) {
		return true
	}
	if json.Unmarshal(raw, &list) != nil {
		return false
	}
	*to = []string{}
	for _, s := range list {
		if s == nil {
			return false
		}
		*to = append(*to, *s)
	}
	return true
}

func plainMap(raw json.RawMessage, to *map[string]string) bool {
	var texts map[string]*string
	if absent(raw) {
		return true
	}
	if json.Unmarshal(raw, &texts) != nil {
		return false
	}
	*to = map[string]string{}
	for k, s := range texts {
		if s != nil {
			(*to)[k] = *s
		}
	}
	return true
}

func plainInner(raw json.RawMessage, to *loose1) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && plainInto(members["s"], &to.S) && plainInto(members["l"], &to.L)
}

// hasRepeatedMistake reports whether some object repeats a name: a repeated member that is wrong
// the first time is refused here although encoding/json, reading into a map, only keeps the last.
// Such inputs are skipped by asking the decoder itself, so the comparison stays exact for all
// others.
func hasRepeatedMistake(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	var names []map[string]bool
	var isKey []bool
	repeated := false
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		top := len(names) - 1
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			names, isKey = names[:top], isKey[:top]
			continue
		}
		if top >= 0 && names[top] != nil {
			if isKey[top] {
				repeated = repeated || names[top][token.(string)]
				names[top][token.(string)] = true
				isKey[top] = false
				continue
			}
			isKey[top] = true
		}
		switch token {
		case json.Delim('{'):
			names, isKey = append(names, map[string]bool{}), append(isKey, true)
		case json.Delim('['):
			names, isKey = append(names, nil), append(isKey, false)
		}
	}
	return repeated && schema.Decode(data, new(loose), schema.Decoding{Depth: 1 << 20}) != nil
}
