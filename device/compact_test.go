package device

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// compact checks that a payload over MQTT suits the parsers of small devices (R-CLI-18, R-MQTT-16):
// no white space, no key twice in an object, and nothing empty but the lists and the object that
// are always there (R-MQTT-18, R-MQTT-40). The document of a job is what its operator wrote.
func compact(t *testing.T, what string, payload []byte, document string) {
	t.Helper()
	text := payload
	if document != "" {
		text = bytes.ReplaceAll(payload, []byte(document), []byte(`"document"`))
	}
	var shortest bytes.Buffer
	if err := json.Compact(&shortest, text); err != nil || !bytes.Equal(shortest.Bytes(), text) {
		t.Errorf("%s: not compact, %v: %s", what, err, payload)
	}
	for _, fault := range wasteful(json.NewDecoder(bytes.NewReader(text)), "") {
		t.Errorf("%s: %s: %s", what, fault, payload)
	}
}

// wasteful lists what is wrong with the next value that a decoder reads, which is that of a key.
func wasteful(d *json.Decoder, key string) (faults []string) {
	token, err := d.Token()
	switch {
	case err != nil:
		return []string{err.Error()}
	case token == nil, token == "":
		return []string{key + " is empty"}
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	var keys []string
	items := 0
	for ; d.More(); items++ {
		name := key
		if open == '{' {
			next, err := d.Token()
			if err != nil {
				return append(faults, err.Error())
			}
			name = next.(string)
			if slices.Contains(keys, name) {
				faults = append(faults, name+" is there twice")
			}
			keys = append(keys, name)
		}
		faults = append(faults, wasteful(d, name)...)
	}
	if _, err := d.Token(); err != nil {
		return append(faults, err.Error())
	}
	if items == 0 && !slices.Contains([]string{"inProgressJobs", "queuedJobs", "jobs"}, key) {
		faults = append(faults, key+" is empty")
	}
	return faults
}

// The check of payloads finds what it is for.
func TestWasteful(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"a":1,"jobs":{},"queuedJobs":[]}`: "",
		`{"a":1,"b":{"c":1,"c":2}}`:         "c is there twice",
		`{"a":[{"b":1},{"b":2}]}`:           "",
		`{"a":null}`:                        "a is empty",
		`{"a":""}`:                          "a is empty",
		`{"statusDetails":{}}`:              "statusDetails is empty",
		`{"a":`:                             "EOF",
	} {
		got := strings.Join(wasteful(json.NewDecoder(strings.NewReader(payload)), ""), ", ")
		if want != got && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}
