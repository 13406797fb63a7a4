package mqtt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

func TestTopicMatches(t *testing.T) { // R-BRK-21
	t.Parallel()
	for _, row := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a/b", "a", false}, {"a", "a/b", false},
		{"a/+", "a/b", true}, {"a/+", "a/", true}, {"a/+", "a", false}, {"a/+", "a/b/c", false},
		{"a/#", "a/b/c", true}, {"a/#", "a/", true}, {"a/#", "a", false}, {"#", "a/b", true},
		{"#", "$aws/x", false}, {"+/x", "$aws/x", false}, {"$aws/#", "$aws/x", true}, {"$aws/+", "$aws/x", true},
		{"+", "", true}, {"+/+", "/", true}, {"a/$b", "a/$b", true}, {"a/+", "a/$b", true},
	} {
		if got := mqtt.TopicMatches(row.filter, row.topic); got != row.want {
			t.Errorf("TopicMatches(%q, %q) = %v", row.filter, row.topic, got)
		}
	}
}

func TestFilterCovers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		outer, filter string
		want          bool
	}{
		{"a/#", "a/b", true}, {"a/#", "a/+/c", true}, {"a/#", "a/#", true}, {"a/#", "a", false},
		{"a/+", "a/b", true}, {"a/+", "a/+", true}, {"a/+", "a/#", false}, {"a/+", "a/b/c", false},
		{"a/b", "a/b", true}, {"a/b", "a/+", false}, {"a/+/c", "a/b/c", true}, {"a/+/c", "a/b", false},
	} {
		if got := mqtt.FilterCovers(row.outer, row.filter); got != row.want {
			t.Errorf("FilterCovers(%q, %q) = %v", row.outer, row.filter, got)
		}
	}
}

func TestValidTopicsAndFilters(t *testing.T) { // R-BRK-20
	t.Parallel()
	for _, row := range []struct {
		text          string
		topic, filter bool
	}{
		{"", false, false},
		{"a/b", true, true},
		{"/", true, true},
		{"a/+", false, true},
		{"+/+/#", false, true},
		{"#", false, true},
		{"a#", false, false},
		{"a+/b", false, false},
		{"a/#/b", false, false},
		{"1/2/3/4/5/6/7/8", true, true},
		{"1/2/3/4/5/6/7/8/9", false, false},
		{"$aws/rules/r/1/2/3/4/5/6/7/8", true, true},
		{"$aws/rules/r/1/2/3/4/5/6/7/8/9", false, false},
		{"$share/g/1/2/3/4/5/6/7/8", true, true},
		{"$share/g/1/2/3/4/5/6/7/8/9", false, false},
		{strings.Repeat("t", mqtt.MaxTopicBytes), true, true},
		{strings.Repeat("t", mqtt.MaxTopicBytes+1), false, false},
	} {
		if got := mqtt.ValidTopic(row.text); got != row.topic {
			t.Errorf("ValidTopic(%q) = %v", row.text, got)
		}
		if got := mqtt.ValidFilter(row.text); got != row.filter {
			t.Errorf("ValidFilter(%q) = %v", row.text, got)
		}
	}
}

// matchesPlainly is TopicMatches written for clarity.
func matchesPlainly(filter, topic string) bool {
	levels, names := strings.Split(filter, "/"), strings.Split(topic, "/")
	if strings.HasPrefix(topic, "$") && (levels[0] == "+" || levels[0] == "#") {
		return false
	}
	if last := len(levels) - 1; levels[last] == "#" {
		if len(names) < len(levels) {
			return false
		}
		levels, names = levels[:last], names[:last]
	}
	return slices.EqualFunc(levels, names, func(level, name string) bool { return level == "+" || level == name })
}

// FuzzTopics compares TopicMatches with the plain version, and checks that a filter that covers
// another selects all that the other selects.
func FuzzTopics(f *testing.F) {
	f.Add("$aws/things/+/jobs/#", "$aws/things/+/jobs/notify", "$aws/things/a/jobs/notify")
	f.Add("a/#", "a/+/c", "a/b/c")
	f.Add("a/+", "#", "$aws/x")
	f.Fuzz(func(t *testing.T, outer, filter, topic string) {
		if !mqtt.ValidFilter(outer) || !mqtt.ValidFilter(filter) || !mqtt.ValidTopic(topic) {
			return
		}
		matches := mqtt.TopicMatches(filter, topic)
		if want := matchesPlainly(filter, topic); matches != want {
			t.Errorf("TopicMatches(%q, %q) = %v", filter, topic, matches)
		}
		if outer[0] == '+' || outer[0] == '#' || !mqtt.FilterCovers(outer, filter) {
			return
		}
		if matches && !mqtt.TopicMatches(outer, topic) {
			t.Errorf("%q covers %q and does not select %q", outer, filter, topic)
		}
	})
}
