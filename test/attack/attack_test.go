package attack

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// TestMain lets this binary be the attackers of TestAbuse, too.
func TestMain(m *testing.M) {
	if name := os.Getenv(abuserVariable); name != "" {
		if err := runAbusers(name); err != nil {
			fmt.Fprintln(os.Stderr, "attack:", err)
			os.Exit(1)
		}
		return
	}
	testserver.Main(m, "../../cmd/drover")
}

// scale is a number of clients, requests or seconds: short in CI, long for make attack.
func scale(short, long int) int {
	if os.Getenv("DROVER_ATTACK") == "long" {
		return long
	}
	return short
}

// must returns a result, or ends the test.
func must[T any](t testing.TB) func(T, error) T {
	return func(result T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

// eventually waits until check holds; what names it when it does not.
func eventually(t testing.TB, within time.Duration, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !check(); {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", within, what)
		}
		time.Sleep(5 * time.Millisecond) // polls another process
	}
}
