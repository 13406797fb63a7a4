package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A look is how a person sees a page: the theme that their system is set to, and the width of the
// window in pixels.
type look struct {
	theme string
	width int64
}

// looks are those that each page must be good in (R-WEB-64): a telephone's width and a laptop's.
// The first is that of a new tab.
var looks = []look{{"light", 1280}, {"dark", 1280}, {"light", 360}, {"dark", 360}}

// height is that of the window in pixels.
const height = 800

func (l look) String() string { return fmt.Sprintf("%s-%d", l.theme, l.width) }

// show gives the page a look. Movement is off, as people can ask their system for.
func (b *tab) show(l look) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.look = l
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{
			Width:             l.width,
			Height:            height,
			DeviceScaleFactor: 1,
		})
	if err == nil {
		_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: l.theme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
	}
	if err != nil {
		b.t.Fatalf("show %v: %v", l, err)
	}
	mustEvaluate[bool](b, `(async () => {
		await new Promise(requestAnimationFrame);
		const ends = document.getAnimations().filter(
			(a) => a.effect?.getComputedTiming().endTime !== Infinity);
		await Promise.allSettled(ends.map((a) => a.finished));
		return true;
	})()`)
}

// inspect holds the page to what is asked of every page, in all looks (R-WEB-63, R-WEB-64), and
// keeps a picture of each under the name. It waits until nothing on the page is loading.
func (b *tab) inspect(name string) {
	b.t.Helper()
	b.idle()
	before := b.look
	for _, l := range looks {
		b.show(l)
		b.screenshot(name)
		for _, finding := range append(b.axe(), b.tooWide()...) {
			b.t.Errorf("%s, %v: %s", name, l, finding)
		}
	}
	b.show(before)
}

// idle waits until nothing on the page is loading.
func (b *tab) idle() {
	b.t.Helper()
	b.eventually("nothing is loading", func() bool {
		const idle = `!document.querySelector(".loading, [aria-busy=true]")`
		done, err := evaluate[bool](b, idle)
		return err == nil && done
	})
}

// tooWide returns the elements that make a page wider than its window: at most one, the first that
// is not in a part that scrolls.
func (b *tab) tooWide() []string {
	b.t.Helper()
	return mustEvaluate[[]string](b, `(() => {
		const root = document.documentElement;
		if (root.scrollWidth <= root.clientWidth) return [];
		const scrolls = (e) => e && (getComputedStyle(e).overflowX !== "visible" ||
			scrolls(e.parentElement));
		const wide = [...document.body.querySelectorAll("*")].find((e) =>
			e.getBoundingClientRect().right > root.clientWidth && !scrolls(e.parentElement));
		return ["the page is " + root.scrollWidth + " pixels wide, by " +
			(wide?.cloneNode().outerHTML ?? "its margins")];
	})()`)
}

// tallest is the height in pixels at which pictures are cut.
const tallest = 4000

// screenshot keeps a picture of the whole page, named by the test, the name and the look, and
// returns its file.
func (b *tab) screenshot(name string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	layout, err := chromedp.Call(ctx, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatalf("screenshot: %v", err)
	}
	yes := true
	picture, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &yes,
		OptimizeForSpeed:      &yes,
		Clip: &page.Viewport{
			Width:  layout.CSSContentSize.Width,
			Height: min(layout.CSSContentSize.Height, tallest),
			Scale:  1,
		},
	})
	if err != nil {
		b.t.Fatalf("screenshot: %v", err)
	}
	folder := os.Getenv("DROVER_SCREENSHOTS")
	if folder == "" {
		folder = filepath.Join("..", "..", ".tools", "screenshots")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	plain := regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	parts := fmt.Sprintf("%s-%s-%v", b.t.Name(), name, b.look)
	file := filepath.Join(folder, plain.ReplaceAllString(parts, "-")+".png")
	if err := os.WriteFile(file, picture.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return file
}
