package registry

import (
	"maps"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// Tag is a label on a resource.
type Tag struct{ Key, Value string }

// Tagged is a resource with all its tags.
type Tagged struct {
	Kind, Name string            // as in its ARN
	Tags       map[string]string // empty for a resource without tags
}

// CheckTags returns the tags that a request gives as a map. A key that is given twice is refused,
// and so is one that begins with aws:, in upper or lower case (R-VAL-32).
func CheckTags(given []Tag) (map[string]string, error) {
	tags := make(map[string]string, len(given))
	for i, tag := range given {
		if len(tag.Key) >= 4 && strings.EqualFold(tag.Key[:4], "aws:") {
			return nil, fault.New(fault.Invalid,
				"tags[%d].Key: %q begins with aws:, which is reserved", i, tag.Key)
		}
		if _, twice := tags[tag.Key]; twice {
			return nil, fault.New(fault.Invalid, "tags[%d].Key: %q is given twice", i, tag.Key)
		}
		tags[tag.Key] = tag.Value
	}
	return tags, nil
}

// AddTags returns the tags after TagResource: given ones are added, or replace those with the same
// key. A resource has at most as many as the limit says, so one with so many can still get new values
// (R-API-37, R-LIM-28).
func AddTags(stored, given map[string]string, most int) (map[string]string, error) {
	after := map[string]string{}
	maps.Copy(after, stored)
	maps.Copy(after, given)
	if len(after) > most && len(after) > len(stored) {
		return nil, fault.New(fault.Limit,
			"tags: %d tags in total, at most %d are allowed", len(after), most)
	}
	return after, nil
}

// RemoveTags returns the tags after UntagResource; keys that it does not have are ignored
// (R-API-37).
func RemoveTags(stored map[string]string, keys []string) map[string]string {
	after := map[string]string{}
	maps.Copy(after, stored)
	for _, key := range keys {
		delete(after, key)
	}
	return after
}
