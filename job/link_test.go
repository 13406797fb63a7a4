package job

import (
	"strings"
	"testing"
)

// Which links lead to S3 objects (R-DOC-11); the column of what is named is that of
// TestPlaceholderObject.
func TestLinkedObject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		link string
		own  ObjectStore
		want string
	}{
		{"https://s3.amazonaws.com/b/k", "", "s3.amazonaws.com b k"},
		{"https://b.s3.eu-west-1.amazonaws.com/a%20k", "",
			"[b]s3.eu-west-1.amazonaws.com@eu-west-1 b a k"},
		{"https://s3.amazonaws.com/b/k?versionId=1", "", "s3.amazonaws.com b k#1"},
		{"http://store.example:9000/b/k", aStore, "store.example:9000 b k"},
		{"s3://b/a%20k c", "", "s3.eu-north-1.amazonaws.com@eu-north-1 b a%20k c"},
		{"s3://b/k", aStore, "store.example:9000 b k"},
		{"s3://b/" + strings.Repeat("k", MaxKeyBytes), aStore,
			"store.example:9000 b " + strings.Repeat("k", MaxKeyBytes)},
		{"s3://b/" + strings.Repeat("k", MaxKeyBytes+1), aStore, ""},
		{"s3://b", "", ""},
		{"s3://b/", "", ""},
		{"s3:///k", "", ""},
		{"http://store.example:9000/b/k", "", ""},
		{"https://files.example/b/k", "", ""},
		{"", "", ""},
	} {
		o, ok := LinkedObject(tt.link, tt.own, "eu-north-1")
		if got := describeObject(o, ok); got != tt.want {
			t.Errorf("%.80q: %q, want %q", tt.link, got, tt.want)
		}
	}
}
