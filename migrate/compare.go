package migrate

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// differences are the members in which two objects of one name differ, with both values where they
// are short.
type differences []string

// String is what a finding says of them; "" for none.
func (d differences) String() string { return strings.Join(d, "; ") }

// text compares a text; one that is absent equals an empty one.
func (d *differences) text(member string, source, target *string) {
	s, t := aws.ToString(source), aws.ToString(target)
	if s == t {
		return
	}
	const short = 60
	if len(s) > short || len(t) > short {
		*d = append(*d, member)
		return
	}
	*d = append(*d, fmt.Sprintf("%s: %q in the source, %q in the target", member, s, t))
}

// texts compares a list of texts whose order says nothing.
func (d *differences) texts(member string, source, target []string) {
	if !slices.Equal(slices.Sorted(slices.Values(source)), slices.Sorted(slices.Values(target))) {
		*d = append(*d, member)
	}
}

// attributes compares attributes one by one.
func (d *differences) attributes(source, target map[string]string) {
	names := maps.Clone(source)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, target)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s, inSource := source[name]
		t, inTarget := target[name]
		if inSource != inTarget || s != t {
			d.text("attributes."+name, &s, &t)
			if s == t { // one has it empty, the other not at all
				*d = append(*d, "attributes."+name)
			}
		}
	}
}

// value compares what is no text: configurations, which are nil or pointers to structures.
func (d *differences) value(member string, source, target any) {
	if !reflect.DeepEqual(source, target) {
		*d = append(*d, member)
	}
}

// tags compares tags.
func (d *differences) tags(source, target []types.Tag) {
	if !maps.Equal(tagMap(source), tagMap(target)) {
		*d = append(*d, "tags")
	}
}

// tagMap is a list of tags by their keys.
func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

// sameDocument reports whether two JSON documents are the same but for blanks and the order of
// members.
func sameDocument(a, b *string) bool {
	if aws.ToString(a) == aws.ToString(b) {
		return true
	}
	var left, right any
	if json.Unmarshal([]byte(aws.ToString(a)), &left) != nil ||
		json.Unmarshal([]byte(aws.ToString(b)), &right) != nil {
		return false
	}
	return reflect.DeepEqual(left, right)
}
