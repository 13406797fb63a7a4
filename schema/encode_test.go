package schema_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/drover-iot/drover/schema"
)

func TestAppend(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rule string
		in   any
		want string
	}{
		{"R-WIRE-13", sample{Name: "a"}, `{"name":"a"}`},
		{"R-WIRE-14", sample{Name: "a", Inner: &sampleInner{}}, `{"name":"a","inner":{"count":0}}`},
		{"R-WIRE-14", &sample{Words: sampleWords{}, Details: sampleDetails{}}, `{"name":"","words":[],"details":{}}`},
		{"R-WIRE-12", sample{When: new(schema.Timestamp(1560787022733))}, `{"name":"","when":1560787022.733}`},
		{"R-WIRE-12", sample{When: new(schema.At(time.Unix(1560787022, 5e8)))}, `{"name":"","when":1560787022.5}`},
		{"R-WIRE-12", sample{When: new(schema.Timestamp(1000))}, `{"name":"","when":1}`},
		{"R-WIRE-12", sample{When: new(schema.Timestamp(7))}, `{"name":"","when":0.007}`},
		{"R-WIRE-15", sample{Small: new(sampleSmall(-1)), Big: new(int64(1 << 53)), Share: new(sampleShare("2.0"))},
			`{"name":"","small":-1,"big":9007199254740992,"share":2.0}`},
		{"R-MQTT-9", sample{Doc: schema.RawJSON(`{"b": 1.0}`)}, `{"name":"","doc":{"b": 1.0}}`},
		{"R-MQTT-16", sample{Details: sampleDetails{"b": "<&>é\u2028", "a": "\"\\\n\x01"}},
			`{"name":"","details":{"a":"\"\\\n\u0001","b":"<&>é` + "\u2028" + `"}}`},
		{"R-WIRE-17", &schema.Nothing{}, `{}`},
	} {
		got := string(schema.Append(nil, row.in))
		if got != row.want || !json.Valid([]byte(got)) {
			t.Errorf("%s:\n got %s\nwant %s", row.rule, got, row.want)
		}
	}
}
