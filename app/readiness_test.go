package app

import "testing"

// A server says why nothing should be sent to it: it starts, or it stops (R-NODE-9).
func TestUnready(t *testing.T) {
	t.Parallel()
	var s Server
	is := func(want string) {
		t.Helper()
		got := ""
		if err := s.unready(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	is("the server is starting")
	s.ready.Store(true)
	is("")
	s.ready.Store(false)
	s.leaving.Store(true)
	is("the server is stopping")
}
