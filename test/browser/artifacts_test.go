package browser

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/drover-iot/drover/test/testserver"
)

// chooseFiles gives files to the one field for files with the label, which has none.
func (b *tab) chooseFiles(label string, files ...string) {
	b.t.Helper()
	name := label + ": No file chosen" // as Chromium calls it
	b.one(name, []string{"button"}, func(ctx context.Context, element runtime.RemoteObjectID) error {
		_, err := chromedp.Call(ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{
			Files:    files,
			ObjectID: element,
		})
		return err
	})
}

// writeFile makes a file that no compression makes shorter, and returns its path and its SHA-256.
func writeFile(t *testing.T, name string, size int) (path, sum string) {
	t.Helper()
	content := make([]byte, size)
	rand.Read(content)
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(content)
	return path, hex.EncodeToString(hash[:])
}

// A person uploads two files into a folder, finds them with their SHA-256, replaces one, names the
// other in the document of a job, and removes both.
func TestArtifacts(t *testing.T) { // R-WEB-47, R-WEB-48
	t.Parallel()
	b := serveFleet(t, 0).signIn("/#/artifacts")
	b.find("heading", "There is no artifact yet")
	b.inspect("empty")

	image, sum := writeFile(t, "image 1.bin", 3<<20)
	notes, sumOfNotes := writeFile(t, "notes.html", 200)
	b.fill("Folder (optional)", "pumps/")
	b.chooseFiles("Files", image, notes)
	b.see("pumps/image 1.bin")
	b.inspect("chosen")
	b.click("button", "Upload 2 files")
	b.see(sum)
	b.see(sumOfNotes)
	b.find("link", "Download pumps/image 1.bin")
	b.find("button", "Remove pumps/notes.html")
	b.inspect("list")

	b.download("Download pumps/image 1.bin", "image 1.bin", sum)

	b.fill("Search", "pumps/n")
	b.missing("link", "Download pumps/image 1.bin")
	b.fill("Search", "lamps")
	b.find("heading", "No artifact matches")
	b.fill("Search", "")

	other, sumOfOther := writeFile(t, "notes.html", 300)
	b.chooseFiles("Files", other)
	b.see("An artifact with this key is there; it will be replaced.")
	b.click("button", "Upload 1 file")
	b.see(sumOfOther)
	b.gone(sumOfNotes)

	b.open("/#/create-job")
	b.click("button", "2. Document")
	b.click("button", "Insert an artifact")
	b.find("heading", "Insert an artifact")
	b.inspect("insert")
	b.fill("Key", "pumps/im")
	b.click("button", "pumps/image 1.bin 3.1 MB")
	const document = `document.querySelector("textarea").value`
	const url = `"${aws:iot:s3-presigned-url:s3://artifacts/pumps/image 1.bin}"`
	want := "{\n  \"operation\": \"update\",\n  \"url\": " + url + "\n}"
	b.eventually("the document names the artifact", func() bool {
		got, _ := evaluate[string](b, document)
		return got == want
	})
	b.fill("JSON", `{"from": ""}`)
	mustEvaluate[bool](b, `(() => {
		const area = document.querySelector("textarea");
		area.setSelectionRange(10, 10);
		return true;
	})()`)
	b.click("button", "Insert an artifact")
	b.click("button", "pumps/image 1.bin 3.1 MB")
	b.eventually("the string has the placeholder", func() bool {
		got, _ := evaluate[string](b, document)
		return got == `{"from": `+url+`}`
	})

	b.open("/#/artifacts")
	for _, key := range []string{"pumps/image 1.bin", "pumps/notes.html"} {
		b.click("button", "Remove "+key)
		b.find("heading", "Remove "+key)
		b.click("button", "Remove the artifact")
		b.gone(key) // also from the dialog, behind which nothing can be clicked
	}
	b.find("heading", "There is no artifact yet")
}

// An upload that takes long shows how far it is, and can be canceled: nothing is left of it, and what
// was to follow is not begun.
func TestCanceledUpload(t *testing.T) { // R-WEB-47
	t.Parallel()
	b := serveFleet(t, 0).signIn("/#/artifacts")
	large, _ := writeFile(t, "large.bin", 8<<20)
	next, _ := writeFile(t, "next.bin", 10)
	b.chooseFiles("Files", large, next)
	b.slowUploads(500_000)
	b.click("button", "Upload 2 files")
	b.find("progressbar", "Upload of large.bin")
	b.see("%, ")
	b.inspect("sending")
	b.click("button", "Cancel")
	b.missing("button", "Cancel")
	b.missing("progressbar", "Upload of large.bin")
	b.eventually("both files are canceled", func() bool {
		shown, _ := evaluate[string](b, visibleText)
		return strings.Count(shown, "Canceled; nothing of it is stored.") == 2
	})
	b.find("heading", "There is no artifact yet")
}

// slowUploads has what the page sends to the store take its time, in bytes per second.
func (b *tab) slowUploads(bytes float64) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	slow := network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{
			DownloadThroughput: -1,
			UploadThroughput:   bytes,
		}},
	}
	if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, slow); err != nil {
		b.t.Fatal(err)
	}
}

// download follows a link and waits for a file of the name and with the SHA-256.
func (b *tab) download(link, name, sum string) {
	b.t.Helper()
	folder := b.t.TempDir()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	allow := browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorAllow,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		DownloadPath:     folder,
	}
	if _, err := chromedp.Call(ctx, browser.SetDownloadBehavior, allow); err != nil {
		b.t.Fatal(err)
	}
	b.click("link", link)
	b.eventually("the file is there", func() bool {
		content, err := os.ReadFile(filepath.Join(folder, name))
		hash := sha256.Sum256(content)
		return err == nil && hex.EncodeToString(hash[:]) == sum
	})
}

// A server without a store of its own says what to use in its place.
func TestArtifactsOff(t *testing.T) { // R-WEB-46, R-WEB-47
	t.Parallel()
	f := &fleet{Server: testserver.Serve(t, "--artifacts", "off"), t: t}
	b := f.signIn("/#/artifacts")
	b.find("heading", "This server has no store of its own")
	b.see("--s3-endpoint")
	b.fault("501 GET /_drover/artifacts")
	b.missing("button", "Upload")
	b.inspect("off")
}
