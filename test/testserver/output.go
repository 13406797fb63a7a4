package testserver

import (
	"bytes"
	"fmt"
	"os"
	"sync"
)

// Printed is what a server prints: the file that the process itself writes to. What was printed
// before an answer of the server is there when the answer is.
type Printed struct{ path string }

// String returns what was printed so far.
func (p Printed) String() string {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return fmt.Sprintf("(what the server printed cannot be read: %v)", err)
	}
	return string(text)
}

// Output is what any other process prints, which may be read while it runs. It comes through a
// pipe, so it may come later than what the process does next.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
