package app

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// The stream of events is for whoever shows who it is, also on the same machine (R-WEB-50), and
// ends with the server (R-WEB-52).
func TestLive(t *testing.T) {
	t.Parallel()
	c := onFreePorts(t)
	c.Virtual = true
	var lines *bufio.Scanner
	run(t, c, func(s *Server) {
		ask := func(query string, sign bool) (status int, body *bufio.Scanner) {
			status, answer := asked(t, s, http.MethodGet, livePath+"?"+query, sign)
			return status, bufio.NewScanner(answer)
		}
		if status, _ := ask("topic=clock", false); status != http.StatusForbidden {
			t.Errorf("without a signature: %d", status)
		}
		if status, _ := ask("topic=none", true); status != http.StatusBadRequest {
			t.Errorf("an unknown topic: %d", status)
		}
		_, lines = ask("topic=clock", true)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		}
		if got := lines.Text(); !strings.HasSuffix(got, `,"first":true,"mode":"virtual"}`) {
			t.Errorf("the first event: %q", got)
		}
	})
	for lines.Scan() {
	}
	if lines.Err() != nil {
		t.Errorf("the stream ended with the server: %v", lines.Err())
	}
}
