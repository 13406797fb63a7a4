// Package parsed caches the parsed form of texts: a fleet shares few policies and queries over many
// connections and things, and each would otherwise be parsed again for every one of them.
package parsed

import "sync"

// maxTexts bounds a cache. When it is full it starts anew.
const maxTexts = 10_000

// Cache holds parsed texts. It may be used concurrently.
type Cache[T any] struct {
	parse  func(string) (*T, error)
	mu     sync.Mutex
	byText map[string]*T
}

// New returns a cache of what parse returns.
func New[T any](parse func(string) (*T, error)) *Cache[T] { return &Cache[T]{parse: parse} }

// Get returns the parsed form of a text. It is shared and must not be changed. Errors of parse are
// not cached.
func (c *Cache[T]) Get(text string) (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byText[text]; known != nil {
		return known, nil
	}
	value, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	if c.byText == nil || len(c.byText) >= maxTexts {
		c.byText = map[string]*T{}
	}
	c.byText[text] = value
	return value, nil
}
