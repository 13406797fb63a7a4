package mqtt

import "strings"

// Topic names and topic filters. A filter is a topic name whose levels may be wildcards: + for one
// level, and # as the last level for all that follow. Three rules differ from the standard because
// AWS IoT's do: the limits on length and slashes, and that a/# does not select a.

const (
	// MaxTopicBytes is the longest topic name or filter (R-BRK-20).
	MaxTopicBytes = 256
	// maxSlashes is the largest number of slashes in a topic name or filter (R-BRK-20).
	maxSlashes = 7

	rulesPrefix  = "$aws/rules/"
	sharedPrefix = "$share/"
)

// ValidTopic reports whether a topic name may be published to.
func ValidTopic(topic string) bool {
	return topic != "" && len(topic) <= MaxTopicBytes &&
		!HasWildcard(topic) && slashes(topic) <= maxSlashes
}

// ValidFilter reports whether a topic filter is well formed: wildcards stand alone in their level,
// and # comes last. A shared subscription names a group and a filter: $share/GROUP/FILTER.
func ValidFilter(filter string) bool {
	if IsShared(filter) {
		if group, shared := CutShared(filter); group == "" || shared == "" || HasWildcard(group) {
			return false
		}
	}
	if filter == "" || len(filter) > MaxTopicBytes || slashes(filter) > maxSlashes {
		return false
	}
	for rest, more := filter, true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		if HasWildcard(level) && (len(level) > 1 || level == "#" && more) {
			return false
		}
	}
	return true
}

// slashes counts the slashes that the limit applies to. The three of $aws/rules/NAME/ and the two
// of $share/NAME/ are free: $aws/rules/r/1/2 counts as one.
func slashes(topic string) int {
	n := strings.Count(topic, "/")
	switch {
	case strings.HasPrefix(topic, rulesPrefix):
		n -= min(n, 3)
	case strings.HasPrefix(topic, sharedPrefix):
		n -= min(n, 2)
	}
	return n
}

// HasWildcard reports whether a filter contains a wildcard.
func HasWildcard(filter string) bool { return strings.ContainsAny(filter, "+#") }

// IsReserved reports whether a topic name or filter starts with $. Such topics belong to the
// server.
func IsReserved(topic string) bool { return topic != "" && topic[0] == '$' }

// IsShared reports whether a filter asks for a shared subscription.
func IsShared(filter string) bool { return strings.HasPrefix(filter, sharedPrefix) }

// CutShared returns the parts of a shared subscription: "workers" and "jobs/+" of
// $share/workers/jobs/+. One that is missing is empty.
func CutShared(filter string) (group, shared string) {
	group, shared, _ = strings.Cut(strings.TrimPrefix(filter, sharedPrefix), "/")
	return group, shared
}

// TopicMatches reports whether a filter selects a topic name. + is exactly one level and a final #
// is one or more, so a/# selects a/b and a/b/c and not a. A filter that starts with a wildcard does
// not select a reserved topic (R-BRK-21).
func TopicMatches(filter, topic string) bool {
	if IsReserved(topic) && filter != "" && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	for {
		if filter == "#" {
			return true
		}
		level, filterRest, filterMore := strings.Cut(filter, "/")
		name, topicRest, topicMore := strings.Cut(topic, "/")
		if level != "+" && level != name || filterMore != topicMore {
			return false
		}
		if !filterMore {
			return true
		}
		filter, topic = filterRest, topicRest
	}
}

// FilterCovers reports whether outer selects every topic name that filter can select: a/# covers
// a/+ and a/b/#, and a/+ does not cover a/#. It takes no notice of the rule about reserved topics,
// so outer must not start with a wildcard.
func FilterCovers(outer, filter string) bool {
	for {
		if outer == "#" {
			return true
		}
		o, outerRest, outerMore := strings.Cut(outer, "/")
		f, filterRest, filterMore := strings.Cut(filter, "/")
		if f == "#" || o != "+" && o != f || outerMore != filterMore {
			return false
		}
		if !outerMore {
			return true
		}
		outer, filter = outerRest, filterRest
	}
}
