package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// What happens when the store's file is removed or replaced under a server that runs, by a wrong rm
// or a restored backup. The server still has the file open and would go on for weeks with data that
// is gone at its end. So it ends at once, and leaves all that was acknowledged in another file. A
// database elsewhere has no such file.

// watchInterval is how often the server looks whether the store's file is still there.
const watchInterval = 2 * time.Second

// watchStore returns when ctx ends, or earlier with an error when the store's file is gone.
func (s *Server) watchStore(ctx context.Context) error {
	if s.embedded == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if !s.embedded.InPlace() {
				return fmt.Errorf("%s was removed or replaced while the server ran",
					filepath.Join(s.Data, storeFile))
			}
		}
	}
}

// rescueStore copies the content of a store whose file is gone to a new file. Its error says where
// that is, or why there is none. Without a loss there is nothing to do.
func (s *Server) rescueStore() error {
	if s.embedded == nil || s.embedded.InPlace() {
		return nil
	}
	name := fmt.Sprintf("%s.rescued-%s", storeFile, time.Now().UTC().Format("20060102T150405Z"))
	path := filepath.Join(s.Data, name)
	if err := s.embedded.Rescue(context.Background(), path); err != nil {
		return fmt.Errorf("its content is lost: %w", err)
	}
	return fmt.Errorf("all that was stored is in %s; to go on with it, rename it to %s",
		path, storeFile)
}
