package app

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
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
			url := s.Endpoints.HTTP + livePath + "?" + query
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if sign {
				key := aws.Credentials{
					AccessKeyID:     s.Endpoints.AccessKeyID,
					SecretAccessKey: s.Endpoints.SecretAccessKey,
				}
				empty := sha256.Sum256(nil)
				err := v4.NewSigner().SignHTTP(t.Context(), key, r, hex.EncodeToString(empty[:]),
					"iot", s.Endpoints.Region, time.Now())
				if err != nil {
					t.Fatal(err)
				}
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { answer.Body.Close() })
			return answer.StatusCode, bufio.NewScanner(answer.Body)
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
