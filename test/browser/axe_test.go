package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe-core checks a page for what keeps people with disabilities from using it. It is a script,
// which `make setup` puts here.
var axeScript = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", ".tools", "axe-core", "axe.min.js"))
	return string(text), err
})

// runAxe returns the findings that R-WEB-63 refuses, one line for each element.
const runAxe = `(async () => {
	const {violations} = await axe.run(document, {resultTypes: ["violations"], ...%s});
	return violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.flatMap((v) => v.nodes.map((n) => v.id + ": " + v.help + ": " + n.target.join(" ") + ": " +
			n.failureSummary.replace(/\s+/g, " ")));
})()`

// onlyColours makes it check what a theme can change.
const onlyColours = `{runOnly: ["color-contrast", "link-in-text-block"]}`

// axe returns what the checker finds on the page as it is now. What no theme can change is looked
// at in the light one only.
func (b *tab) axe() []string {
	b.t.Helper()
	script, err := axeScript()
	if err != nil {
		b.t.Fatalf("%v; run `make setup`", err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, 2*patience)
	defer cancel()
	// In a world of its own the script sees the document of the page, but not its variables, and the
	// page does not see those of the script.
	frames, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID:   frames.FrameTree.Frame.ID,
		WorldName: "axe",
	})
	if err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	in := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
	// The world of a name is the same one until the document is left.
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof axe !== "undefined"`, in))
	if err == nil && !there {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](script+"\n;true", in))
	}
	if err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	options := "{}"
	if b.look.theme == "dark" {
		options = onlyColours
	}
	findings, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](
		fmt.Sprintf(runAxe, options), in, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	return findings
}
