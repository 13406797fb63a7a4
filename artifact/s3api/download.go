package s3api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/artifact"
)

// A download is sent in chunks, each of which has its own time limit and its turn in the rates.
// Where the connection has no TLS, the kernel sends them from the file: net/http does that for an
// *os.File, so it is handed the files of the object and not the object.

const (
	// A chunk has at least and at most this many bytes. While a client is fast, chunks grow. One
	// that takes less of it than a MiB in patience is cut off, and can go on with a range.
	leastChunk, mostChunk = 64 << 10, 4 << 20
	// fast is how soon the client has to take a chunk for the next one to be larger.
	fast = time.Second
)

// download is the answer to a GET of an object. What http.ServeContent answers instead of the
// object is left out, for S3 has its own form for errors.
type download struct {
	http.ResponseWriter
	request *http.Request
	rates   *share
	next    int64 // size of the next chunk
	refused int   // the status of an error; 0: none
	sent    *atomic.Int64
}

// WriteHeader implements http.ResponseWriter.
func (d *download) WriteHeader(status int) {
	switch status {
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		d.refused = status
	default:
		extendWrite(d.ResponseWriter, 0)
		d.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter, for multiple ranges.
func (d *download) Write(p []byte) (written int, err error) {
	if d.refused != 0 {
		return len(p), nil
	}
	for len(p) > 0 {
		var n int
		err := d.send(int64(len(p)), func(size int64) (int64, error) {
			n, err = d.ResponseWriter.Write(p[:size])
			return int64(n), err
		})
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// ReadFrom implements io.ReaderFrom, for one range or all of the object.
func (d *download) ReadFrom(from io.Reader) (total int64, err error) {
	limited, _ := from.(*io.LimitedReader)
	var o *artifact.Object
	if limited != nil {
		o, _ = limited.R.(*artifact.Object)
	}
	if o == nil {
		return io.Copy(struct{ io.Writer }{d}, from)
	}
	for limited.N > 0 {
		file, left, err := o.Piece()
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		err = d.send(min(left, limited.N), func(size int64) (int64, error) {
			n, err := io.CopyN(d.ResponseWriter, file, size)
			o.Advance(n)
			limited.N -= n
			total += n
			return n, err
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// send has up to size bytes sent, as soon as the rates allow it.
func (d *download) send(size int64, write func(size int64) (int64, error)) error {
	size = min(size, d.next, d.rates.most())
	if err := d.rates.wait(d.request.Context(), int(size)); err != nil {
		return err
	}
	begun := time.Now()
	extendWrite(d.ResponseWriter, size)
	n, err := write(size)
	d.sent.Add(n)
	if time.Since(begun) < fast {
		d.next = min(max(2*size, leastChunk), mostChunk)
	} else {
		d.next = leastChunk
	}
	return err
}

// addressOf is the address of the client, without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
