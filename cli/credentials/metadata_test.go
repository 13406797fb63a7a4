package credentials

import (
	"net"
	"testing"
	"time"
)

// A machine that is no instance does not wait: the whole look-up has one time-out, however many
// requests it takes (R-CMD-152).
func TestSilentInstance(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections come, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	ended := make(chan error, 1)
	go func() {
		_, err := Instance{
			Endpoint: "http://" + silent.Addr().String(),
			Timeout:  50 * time.Millisecond,
		}.Fetch(t.Context())
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("an instance that says nothing has credentials")
		}
	case <-time.After(10 * time.Second):
		t.Error("the look-up goes on after its time")
	}
}
