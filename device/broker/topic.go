package broker

import "strings"

// Limits on topics and filters (R-BRK-20).
const (
	maxTopicBytes  = 256
	maxSlashes     = 7
	maxClientBytes = 128
)

const (
	rulesPrefix  = "$aws/rules/"
	sharedPrefix = "$share/"
)

// checkTopic says whether a topic name may be published to: Success or TopicNameInvalid.
func checkTopic(topic string) Reason {
	if topic == "" || len(topic) > maxTopicBytes || strings.ContainsAny(topic, "+#") || slashes(topic) > maxSlashes {
		return TopicNameInvalid
	}
	return Success
}

// checkFilter says whether a topic filter is well formed: Success or TopicFilterInvalid.
func checkFilter(filter string) Reason {
	if filter == "" || len(filter) > maxTopicBytes || slashes(filter) > maxSlashes {
		return TopicFilterInvalid
	}
	for rest, more := filter, true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		if strings.ContainsAny(level, "+#") && (len(level) > 1 || level == "#" && more) {
			return TopicFilterInvalid
		}
	}
	return Success
}

// slashes counts the slashes that the limit is about: not those of a rule or shared subscription prefix.
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

func hasWildcard(filter string) bool { return strings.ContainsAny(filter, "+#") }

func reserved(topic string) bool { return topic != "" && topic[0] == '$' }

// Matches reports whether a filter selects a topic: + is one level, a final # is one or more, so a/# does not match a;
// a filter that starts with a wildcard does not match a topic that starts with $ (R-BRK-21).
func Matches(filter, topic string) bool {
	if reserved(topic) && filter != "" && (filter[0] == '+' || filter[0] == '#') {
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

// covers reports whether every topic that filter can select is selected by outer as well.
func covers(outer, filter string) bool {
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
