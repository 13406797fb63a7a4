package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A download goes to FILE.part, and FILE.part.etag says which content of the object it is. The next
// attempt asks for the rest of that content, and begins anew when the object has another one by
// now. The file gets its name when it is whole and compared.

// download is one file that is fetched.
type download struct {
	store *Store
	key   string
	path  string // where the file will be
	to    Progress

	part *os.File
	sum  hash.Hash // of what the part has
	have int64     // how many bytes that is
	etag string    // of the object that the part is from; empty at first

	begun  bool   // Progress has been told
	sha256 string // of the whole object, in hexadecimal; empty when the store does not say
}

// Get fetches an object into a file.
func (s *Store) Get(ctx context.Context, key, path string, p Progress) (Object, error) {
	d := &download{store: s, key: key, path: path, to: p, sum: sha256.New()}
	doing := fmt.Sprintf("get %s into %s", key, path)
	if err := d.open(); err != nil {
		return Object{}, fmt.Errorf("%s: %w", doing, err)
	}
	defer d.part.Close()
	err := d.fetch(ctx)
	if d.begun {
		p.End()
	}
	if err != nil {
		d.dropEmpty()
		return Object{}, s.explain(doing, err)
	}
	if err := d.finish(); err != nil {
		return Object{}, fmt.Errorf("%s: %w", doing, err)
	}
	return Object{s.Bucket, key, d.have, hex.EncodeToString(d.sum.Sum(nil))}, nil
}

// partPath and etagPath are the files of a download that is not whole.
func (d *download) partPath() string { return d.path + ".part" }
func (d *download) etagPath() string { return d.path + ".part.etag" }

// open opens the part, and reads what an earlier attempt has left.
func (d *download) open() (err error) {
	if info, err := os.Stat(d.path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", d.path)
	}
	etag, err := os.ReadFile(d.etagPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.etag = string(etag)
	if d.part, err = os.OpenFile(d.partPath(), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	if d.etag == "" {
		return d.restart()
	}
	d.have, err = io.Copy(d.sum, d.part)
	return err
}

// restart forgets what was fetched.
func (d *download) restart() error {
	if d.begun {
		d.to.Add(-d.have)
	}
	d.have, d.etag = 0, ""
	d.sum.Reset()
	if _, err := d.part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return d.part.Truncate(0)
}

// fetch fetches the object, or the rest of it. A connection that breaks is made again for as long
// as each brings something.
func (d *download) fetch(ctx context.Context) error {
	for {
		before := d.have
		err := d.request(ctx)
		status := statusOf(err)
		changed := status == http.StatusPreconditionFailed ||
			status == http.StatusRequestedRangeNotSatisfiable
		switch {
		case changed && d.etag != "":
			if err := d.restart(); err != nil {
				return err
			}
		case err == nil || status != 0 || ctx.Err() != nil || d.have == before:
			return err
		}
	}
}

// statusOf is the status of the answer that is an error, 0 for other errors.
func statusOf(err error) int {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) && answered.Response != nil {
		return answered.HTTPStatusCode()
	}
	return 0
}

// request makes one request, and writes what comes.
func (d *download) request(ctx context.Context) error {
	in := &s3.GetObjectInput{Bucket: &d.store.Bucket, Key: &d.key}
	if d.etag != "" {
		in.IfMatch = &d.etag
	}
	if d.have > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", d.have))
	}
	out, err := d.store.s3.GetObject(ctx, in)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	if d.have > 0 && out.ContentRange == nil { // a store without ranges has sent all
		if err := d.restart(); err != nil {
			return err
		}
	}
	if d.etag == "" {
		d.etag = aws.ToString(out.ETag)
		if err := os.WriteFile(d.etagPath(), []byte(d.etag), 0o666); err != nil {
			return err
		}
	}
	d.sha256 = sumOf(out.Metadata[metadata], d.etag)
	if !d.begun {
		d.begun = true
		d.to.Begin(filepath.Base(d.path), d.have+aws.ToInt64(out.ContentLength), d.have)
	}
	_, err = io.Copy(d, out.Body)
	return err
}

// Write adds bytes to the part.
func (d *download) Write(b []byte) (int, error) {
	n, err := d.part.Write(b)
	d.sum.Write(b[:n])
	d.have += int64(n)
	d.to.Add(int64(n))
	return n, err
}

// dropEmpty removes a part in which nothing is: there may be no such object.
func (d *download) dropEmpty() {
	if d.have == 0 {
		_ = os.Remove(d.partPath()) // it does no harm
		_ = os.Remove(d.etagPath())
	}
}

// sha256Form is a SHA-256 in hexadecimal.
var sha256Form = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{64}$`)
})

// sumOf is the SHA-256 of an object: what its metadata says, else its ETag where that is one.
func sumOf(texts ...string) string {
	for _, text := range texts {
		if text = strings.ToLower(strings.Trim(text, `"`)); sha256Form().MatchString(text) {
			return text
		}
	}
	return ""
}

// finish compares the content and gives the file its name. Content that differs is removed, so that
// the next attempt begins anew.
func (d *download) finish() error {
	if got := hex.EncodeToString(d.sum.Sum(nil)); d.sha256 != "" && got != d.sha256 {
		return errors.Join(fmt.Errorf("what came has the SHA-256 %s, and the object %s; "+
			"it is removed, try again", got, d.sha256),
			os.Remove(d.partPath()), os.Remove(d.etagPath()))
	}
	for _, step := range []func() error{
		d.part.Sync,
		d.part.Close,
		func() error { return os.Rename(d.partPath(), d.path) },
		func() error { return os.Remove(d.etagPath()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
