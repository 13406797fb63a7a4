package relational

import "testing"

// A list of names with a prefix reads those alone, wherever they stand.
func TestFirstName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ prefix, after, want string }{
		{"", "", ""},
		{"b", "", "b"},
		{"b", "a", "b"},
		{"b", "b", "b\x01"},
		{"b", "b1", "b1\x01"},
		{"b", "c", "c\x01"},
		{"", "a", "a\x01"},
	} {
		if got := firstName(tt.prefix, tt.after); got != tt.want {
			t.Errorf("prefix %q after %q: from %q, want %q", tt.prefix, tt.after, got, tt.want)
		}
	}
}
