package parsed

import (
	"errors"
	"fmt"
	"testing"
)

// A text is parsed once while the cache holds it, an error is not kept, and a full cache starts
// anew.
func TestCache(t *testing.T) {
	t.Parallel()
	calls := 0
	c := New(func(text string) (*string, error) {
		if calls++; text == "" {
			return nil, errors.New("empty")
		}
		return &text, nil
	})
	get := func(text string) {
		t.Helper()
		if got, err := c.Get(text); err != nil || *got != text {
			t.Fatalf("%q: %v, %v", text, got, err)
		}
	}
	get("a")
	get("a")
	if calls != 1 {
		t.Errorf("parsed %d times, want 1", calls)
	}
	for range 2 {
		if _, err := c.Get(""); err == nil {
			t.Error("an error was lost")
		}
	}
	if calls != 3 {
		t.Errorf("an error was cached: parsed %d times, want 3", calls)
	}
	for i := range maxTexts {
		get(fmt.Sprint(i))
	}
	if n := len(c.byText); n > maxTexts {
		t.Errorf("the cache holds %d texts, at most %d are allowed", n, maxTexts)
	}
	calls = 0
	if get("a"); calls != 1 {
		t.Error("the full cache did not start anew")
	}
}
