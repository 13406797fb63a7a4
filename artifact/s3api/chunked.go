package s3api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/internal/sigv4"
)

// aws-chunked is a form of bodies of S3 for clients that do not want to read a file twice. Each
// chunk has its size in hexadecimal and, in the signed form, a signature; an empty chunk is the
// last. Behind it there may be a trailer: headers such as the checksum, and their signature.
//
//	10000;chunk-signature=ad80…\r\n
//	(65536 bytes)\r\n
//	0;chunk-signature=b6c6…\r\n
//	x-amz-checksum-crc32:wEV6Yw==\r\n
//	x-amz-trailer-signature:d81f…\r\n
//	\r\n

// lineLimit is how long a line of the form may be.
const lineLimit = 4096

// chunked decodes a body in chunks.
type chunked struct {
	from *bufio.Reader
	// chunks check the signatures; nil when there are none.
	chunks *sigv4.Chunks
	// hasTrailer says that the signature of a request promised a trailer.
	hasTrailer bool
	// trailer is what follows the last chunk, known at the end, by canonical names.
	trailer http.Header

	begun     bool
	left      int64     // of the chunk, not read yet
	sum       hash.Hash // of the chunk as far as it was read
	signature string    // of the chunk
	ended     bool
}

// newChunked returns the decoder of a body whose signature has this payload.
func newChunked(body io.Reader, payload sigv4.Payload, chunks *sigv4.Chunks) *chunked {
	c := &chunked{
		from:       bufio.NewReaderSize(body, 64<<10),
		hasTrailer: payload.HasTrailer(),
		trailer:    http.Header{},
		sum:        sha256.New(),
	}
	if payload != sigv4.UnsignedTrailer {
		c.chunks = chunks
	}
	return c
}

// Read returns bytes of the chunks, without what is between them. Those of a signed chunk are
// checked with its last byte.
func (c *chunked) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, noEOF(err)
		}
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.chunks != nil {
		c.sum.Write(p[:n])
	}
	if c.left == 0 && err == nil {
		err = c.checkChunk()
	}
	return n, noEOF(err)
}

// noEOF is the error of a body that ends before its last chunk has.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next reads the head of the next chunk. Behind the last one it reads the trailer.
func (c *chunked) next() error {
	if c.begun { // the line end behind the chunk before
		if line, err := c.line(); err != nil || line != "" {
			return errors.Join(err, malformed("a chunk is longer than it says"))
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	size, extension, _ := strings.Cut(line, ";")
	c.left, err = strconv.ParseInt(size, 16, 64)
	if err != nil || c.left < 0 || size[0] == '+' {
		c.left = 0
		return malformed("%q is not the size of a chunk", size)
	}
	c.signature, _ = strings.CutPrefix(extension, "chunk-signature=")
	if c.left > 0 {
		return nil
	}
	c.ended = true
	if err := c.checkChunk(); err != nil {
		return err
	}
	return c.readTrailer()
}

// checkChunk checks the signature of a chunk that was read.
func (c *chunked) checkChunk() error {
	if c.chunks == nil {
		return nil
	}
	defer c.sum.Reset()
	return c.chunks.Check(c.sum, c.signature)
}

// readTrailer reads the headers behind the last chunk, to the empty line.
func (c *chunked) readTrailer() error {
	const signatureName = "X-Amz-Trailer-Signature"
	var signed strings.Builder
	signature := ""
	for {
		line, err := c.line()
		if errors.Is(err, io.EOF) || err == nil && line == "" {
			break
		}
		if err != nil {
			return err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || len(c.trailer) >= len(algorithms) {
			return malformed("%q is not a header of the trailer", line)
		}
		value = strings.TrimSpace(value)
		if canonical := http.CanonicalHeaderKey(name); canonical == signatureName {
			signature = value
		} else {
			c.trailer.Set(name, value)
			signed.WriteString(strings.ToLower(name) + ":" + value + "\n")
		}
	}
	if c.chunks == nil || !c.hasTrailer {
		return nil
	}
	return c.chunks.CheckTrailer(signed.String(), signature)
}

// line reads a line, without its end.
func (c *chunked) line() (string, error) {
	line, err := c.from.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > lineLimit {
		return "", malformed("a line is longer than %d bytes", lineLimit)
	}
	if err != nil && len(line) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(bytes.TrimRight(line, "\r\n")), err
}

// malformed is the failure of a body that is not in the form.
func malformed(format string, args ...any) error {
	return fail("InvalidRequest", "the body is not in the form aws-chunked: "+format, args...)
}
