package engine

import (
	"fmt"
	"sync"

	"github.com/drover-iot/drover/registry"
)

// compiledPolicies keeps policy documents compiled, by their text: a fleet shares few policies over many connections.
type compiledPolicies struct {
	mu     sync.Mutex
	byText map[string]*registry.PolicyDocument
}

// maxCompiled bounds the cache; beyond it, it starts anew.
const maxCompiled = 10_000

// all compiles the documents in force of policies.
func (c *compiledPolicies) all(policies []registry.Policy) ([]*registry.PolicyDocument, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	documents := make([]*registry.PolicyDocument, 0, len(policies))
	for _, p := range policies {
		text := p.Document()
		document := c.byText[text]
		if document == nil {
			var err error
			if document, err = registry.ParsePolicy(text); err != nil {
				return nil, fmt.Errorf("policy %s: %w", p.Name, err)
			}
			if c.byText == nil || len(c.byText) >= maxCompiled {
				c.byText = map[string]*registry.PolicyDocument{}
			}
			c.byText[text] = document
		}
		documents = append(documents, document)
	}
	return documents, nil
}
