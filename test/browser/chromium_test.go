package browser

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/drover-iot/drover/test/testserver"
)

// childVariable is set in processes of these tests that a test has started: left_test.go.
const childVariable = "DROVER_TEST_BROWSER_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		status := m.Run()
		endChromium()
		os.Exit(status)
	}
	testserver.Main(m, "../../cmd/drover", endChromium)
}

// chromium is the one browser of the package. It is started by the first test that opens a tab.
var chromium struct {
	once sync.Once
	ctx  context.Context // the parent of those of all tabs
	err  error
	end  context.CancelFunc // ends the process and waits for it; nil: never started
}

// startTimeout is how long Chromium may take to start. On a machine with nothing else to do it
// takes one second.
const startTimeout = 30 * time.Second

// startChromium starts the browser, unless it runs, and returns its context.
func startChromium(t testing.TB) context.Context {
	t.Helper()
	chromium.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			// The sandbox needs user namespaces, which most containers do not have. The only pages
			// that are opened are those of these tests.
			chromedp.NoSandbox,
			chromedp.DisableGPU,
			// Nothing leaves the machine, whatever a page or the browser itself asks for.
			chromedp.Flag("no-proxy-server", true),
			chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
			chromedp.Flag("disable-component-update", true),
			// The same pixels on every machine.
			chromedp.Flag("hide-scrollbars", true),
			chromedp.Flag("lang", "en-US"),
		)
		// The profile is a temporary folder that is removed at the end. If this process is killed,
		// the kernel kills Chromium.
		allocator, endProcess := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, endBrowser := chromedp.NewContext(allocator)
		chromium.end = func() {
			endProcess()
			endBrowser()
		}
		started := make(chan error, 1)
		go func() {
			_, err := chromedp.Run(ctx, chromedp.Steps())
			started <- err
		}()
		select {
		case chromium.err = <-started:
		case <-time.After(startTimeout):
			chromium.err = context.DeadlineExceeded
		}
		chromium.ctx = ctx
	})
	if chromium.err != nil {
		t.Fatalf("start Chromium, which `make setup` installs: %v", chromium.err)
	}
	return chromium.ctx
}

// endChromium ends the browser, when all tests have run.
func endChromium() {
	if chromium.end != nil {
		chromium.end()
	}
}
