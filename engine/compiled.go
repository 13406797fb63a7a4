package engine

import "sync"

// compiled keeps texts compiled: a fleet shares few policies and queries over many connections and things.
type compiled[T any] struct {
	parse  func(string) (*T, error)
	mu     sync.Mutex
	byText map[string]*T
}

// maxCompiled bounds the cache; beyond it, it starts anew.
const maxCompiled = 10_000

// get returns a text compiled.
func (c *compiled[T]) get(text string) (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.byText[text]; found != nil {
		return found, nil
	}
	parsed, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	if c.byText == nil || len(c.byText) >= maxCompiled {
		c.byText = map[string]*T{}
	}
	c.byText[text] = parsed
	return parsed, nil
}
