// Package fetch downloads files for an agent over a network that drops: it goes on where a connection
// has ended, after a restart and a power cut too, and compares the SHA-256 (docs/spec/56, R-AGT-12 to
// R-AGT-14).
//
// Start at Fetcher.File.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Fetcher downloads files.
type Fetcher struct {
	Client *http.Client
	// Idle is how long a connection may bring nothing before it is given up.
	Idle time.Duration
	// Patience is for how long attempts that bring nothing are repeated.
	Patience time.Duration
	// Pause is the first pause between attempts; each is twice as long as the one before, up to a
	// minute, less up to half of it at random.
	Pause time.Duration
	Log   *slog.Logger
}

// A Request is one file.
type Request struct {
	URL, Path string
	// SHA256 is that of the file, in hexadecimal; empty: it is not compared.
	SHA256 string
	// Renew returns a new URL for one that the server refuses, as it does when it has expired; nil:
	// there is none.
	Renew func(context.Context) (string, error)
	// Progress is called with the bytes that are there, and with all that there will be, 0 when that is
	// not known. It must be quick.
	Progress func(have, all int64)
}

// Kinds of failures of one attempt.
var (
	errRefused = errors.New("refused")         // the URL is not, or no longer, good
	errChanged = errors.New("another content") // what is there is of no use
)

// final is a failure that another attempt would have too.
type final struct{ error }

// File downloads a file. Bytes that are there from an earlier attempt, of this process or of one
// before, are used when the server says that they are of the same content. The file gets its name
// when it is whole, compared and on stable storage. Errors do not show the query of the URL.
func (f *Fetcher) File(ctx context.Context, r Request) error {
	part, err := openPart(r.Path)
	if err != nil {
		return err
	}
	defer part.close()
	var (
		pause   = f.Pause
		since   = time.Now() // since when nothing came
		renewed bool         // since something came
		again   bool         // the whole file came, and was not what it should be
	)
	for {
		before := part.have
		err := f.attempt(ctx, r, part)
		if err == nil {
			if err = part.finish(r.SHA256); err == nil {
				return nil
			}
			if again || !errors.Is(err, errChanged) {
				return err
			}
			again = true
		}
		if part.have > before {
			pause, since, renewed = f.Pause, time.Now(), false
		}
		var end final
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &end):
			return end.error
		case errors.Is(err, errRefused) && (renewed || r.Renew == nil):
			return err
		case errors.Is(err, errRefused):
			if r.URL, err = r.Renew(ctx); err != nil {
				return fmt.Errorf("a new URL: %w", err)
			}
			renewed = true
			continue
		case time.Since(since) > f.Patience:
			return fmt.Errorf("nothing came for %s: %w", f.Patience, err)
		}
		f.Log.Info("the download goes on in a moment", "path", r.Path, "bytes", part.have, "err", err)
		if err := sleep(ctx, pause/2+rand.N(pause/2+1)); err != nil {
			return err
		}
		pause = min(2*pause, time.Minute)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// attempt makes one request, and adds what comes to the part. nil means that the file is whole.
func (f *Fetcher) attempt(ctx context.Context, r Request, p *part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(f.Idle, func() { cancel(fmt.Errorf("nothing came for %s", f.Idle)) })
	defer idle.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return final{withoutQuery(err)}
	}
	request.Header.Set("Accept-Encoding", "identity")
	resumed := p.have > 0 && (p.validator != "" || r.SHA256 != "")
	if resumed {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.have))
		if p.validator != "" {
			request.Header.Set("If-Range", p.validator)
		}
	}
	response, err := f.Client.Do(request)
	if err != nil {
		return withoutQuery(errors.Join(err, context.Cause(ctx)))
	}
	defer response.Body.Close()
	all, err := p.begin(response)
	if err != nil {
		return err
	}
	copied := &counted{idle: idle, every: f.Idle, report: func(n int64) {
		if r.Progress != nil {
			r.Progress(n, all)
		}
	}, part: p}
	_, err = io.Copy(copied, response.Body)
	switch {
	case copied.failed != nil:
		return final{copied.failed} // the disk
	case err != nil:
		return withoutQuery(errors.Join(err, context.Cause(ctx)))
	case all > 0 && p.have != all:
		return fmt.Errorf("%d of %d bytes came", p.have, all)
	}
	return nil
}

// counted writes to a part, and says how far it is.
type counted struct {
	part   *part
	idle   *time.Timer
	every  time.Duration
	report func(have int64)
	failed error
}

func (c *counted) Write(b []byte) (int, error) {
	c.idle.Reset(c.every)
	n, err := c.part.Write(b)
	c.failed = err
	c.report(c.part.have)
	return n, err
}

// begin reads the head of an answer and says how long the file will be, 0 when that is not known. A
// part that the answer does not go on with is begun again.
func (p *part) begin(response *http.Response) (all int64, err error) {
	switch status := response.StatusCode; {
	case status == http.StatusPartialContent:
		first, all, err := contentRange(response.Header.Get("Content-Range"))
		if err != nil || first != p.have {
			return 0, errors.Join(fmt.Errorf("%w: answered with %q for bytes from %d", errChanged,
				response.Header.Get("Content-Range"), p.have), p.restart())
		}
		return all, nil
	case status == http.StatusRequestedRangeNotSatisfiable:
		return 0, errors.Join(fmt.Errorf("%w: there are no bytes from %d on", errChanged, p.have), p.restart())
	case status == http.StatusForbidden, status == http.StatusUnauthorized, status == http.StatusGone:
		return 0, fmt.Errorf("%w: answered %s", errRefused, response.Status)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return 0, fmt.Errorf("answered %s", response.Status)
	case status != http.StatusOK:
		return 0, final{fmt.Errorf("answered %s", response.Status)}
	}
	if err := p.restart(); err != nil {
		return 0, final{err}
	}
	p.validator = validator(response.Header)
	return max(response.ContentLength, 0), nil
}

// validator is what says that two answers are of one content: a strong ETag, or when the content has
// changed.
func validator(h http.Header) string {
	if etag := h.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		return etag
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes 5-9/10". all is 0 for "*".
func contentRange(text string) (first, all int64, err error) {
	span, length, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	begin, _, dash := strings.Cut(span, "-")
	if !ok || !dash {
		return 0, 0, errors.New("not a range of bytes")
	}
	if first, err = strconv.ParseInt(begin, 10, 64); err != nil || length == "*" {
		return first, 0, err
	}
	all, err = strconv.ParseInt(length, 10, 64)
	return first, all, err
}
