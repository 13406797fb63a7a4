package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// What is absent on the wire is the zero value inside, and what is zero inside is absent on the
// wire (R-WIRE-13).
func TestOptional(t *testing.T) {
	t.Parallel()
	if optional("") != nil || optional(0) != nil || optional(false) != nil {
		t.Error("a zero value is shown")
	}
	if got := optional("a"); got == nil || *got != "a" {
		t.Errorf("a is shown as %v", got)
	}
	if value[string](nil) != "" || value(new("a")) != "a" || value(new(0)) != 0 {
		t.Error("a pointer is not read as what it points to")
	}
}

// An absent text and an empty one are two things.
func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		given *iot.ThingName
		want  *string
	}{{nil, nil}, {new(iot.ThingName("")), new("")}, {new(iot.ThingName("a")), new("a")}} {
		if diff := cmp.Diff(tt.want, text(tt.given)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A time that has not come about yet is absent; others are shown to the millisecond.
func TestAt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		given time.Time
		want  *schema.Timestamp
	}{
		{time.Time{}, nil},
		{time.Unix(0, 0), new(schema.Timestamp(0))},
		{time.Unix(1, 999_999_999), new(schema.Timestamp(1999))},
	} {
		if diff := cmp.Diff(tt.want, at(tt.given)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.given, diff)
		}
	}
}

// A list that is empty is shown as one.
func TestConvert(t *testing.T) {
	t.Parallel()
	length := func(s string) int { return len(s) }
	for _, tt := range []struct {
		given []string
		want  []int
	}{{nil, []int{}}, {[]string{}, []int{}}, {[]string{"abc", ""}, []int{3, 0}}} {
		if diff := cmp.Diff(tt.want, convert(tt.given, length)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.given, diff)
		}
	}
}
