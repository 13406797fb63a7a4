package commit

import "sync"

// Together makes requests on a stepped committer that are decided in their order and committed as
// one batch. Each function makes one request, and may do nothing else that others could see.
func (c *Committer) Together(requests ...func()) {
	var all sync.WaitGroup
	c.together = make(chan struct{})
	for _, request := range requests {
		done := make(chan struct{})
		all.Go(func() {
			defer close(done)
			request()
		})
		select {
		case <-c.together:
		case <-done: // it was refused before it came to be decided
		}
	}
	c.together = nil
	if len(c.waiting) > 0 {
		c.serve(c.gather(<-c.waiting))
	}
	all.Wait()
}
