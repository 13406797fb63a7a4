package relational

import (
	"encoding/json"
	"maps"
	"testing"
)

func FuzzPlainMapAgreesWithJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"b"}`, `{"a":"b","c":""}`, `{}`, `{"a":"b",}`, `{"a":"b"}x`, `{"a" :"b"}`, `{"a":"\n"}`,
		`{"a":"b","a":"c"}`, `{"a":1}`, `{"":":,{}"}`, `null`, ``, `{"a":"b"`, `{"a"`, `{"ü":"<é>"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := plainMap([]byte(text))
		encoded, err := json.Marshal(got)
		if !ok || err != nil {
			return
		}
		var want, again map[string]string
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatal(err)
		}
		// What json.Marshal does not write (control characters, bytes that are not UTF-8) is never
		// stored.
		if err := json.Unmarshal([]byte(text), &want); err == nil && maps.Equal(got, again) && !maps.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	})
}
