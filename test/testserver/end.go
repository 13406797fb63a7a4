package testserver

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// shownLines is how many lines of a server are shown when its test has failed.
const shownLines = 40

// end kills the server after its test. When that has failed, it shows what the server has printed last
// and what its goroutines were at, because a server that hangs says nothing by itself.
func (s *Server) end() {
	defer s.Kill()
	if !s.T.Failed() || s.command == nil {
		return
	}
	printed, dump := s.Output.String(), ""
	if s.Running() {
		_ = s.command.Process.Signal(syscall.SIGQUIT) // it may have ended by itself
		select {
		case <-s.ended:
		case <-time.After(startTimeout):
		}
		dump = "and was at:\n" + stacks(strings.TrimPrefix(s.Output.String(), printed))
	} else {
		dump = fmt.Sprintf("and has ended: %v", s.err)
	}
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	s.T.Logf("the server has printed last:\n%s\n%s",
		strings.Join(lines[max(0, len(lines)-shownLines):], "\n"), dump)
}

var (
	goroutine = regexp.MustCompile(`^goroutine (\d+) .*\[(.*)\]:$`)
	function  = regexp.MustCompile(`^github\.com/drover-iot/drover/(\S+?)\((?:0x|\{|\.\.\.|\))`)
)

// stacks are the goroutines of a dump that are in functions of the server, one a line: what each
// waits for, and the functions, innermost first.
func stacks(dump string) string {
	var out strings.Builder
	head, calls := "", []string(nil)
	end := func() {
		if len(calls) > 0 {
			fmt.Fprintf(&out, "  %s %s\n", head, strings.Join(calls, " < "))
		}
		calls = nil
	}
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(line)
		if m := goroutine.FindStringSubmatch(line); m != nil {
			end()
			head = m[1] + " [" + m[2] + "]"
		} else if m := function.FindStringSubmatch(line); m != nil {
			calls = append(calls, m[1])
		}
	}
	end()
	return out.String()
}
