package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A file is read once before it is sent: for the SHA-256 of the whole, which the object gets as
// metadata, and of its parts, which the store compares with what arrives. So a file that is written
// to meanwhile is refused by the store.

const (
	// partSize is the size of all parts but the last, unless there would be more than maxParts:
	// for a file of 100 GiB it is 11 MiB. A file of at most one part is sent by one request.
	partSize = 8 << 20
	maxParts = 10_000
	mebibyte = 1 << 20
)

// local is a file that is sent, as it was when it was read.
type local struct {
	*os.File
	size     int64
	sum      string // SHA-256 of the whole, in hexadecimal
	partSize int64
	parts    [][]byte // SHA-256 of each part; one for an empty file
}

// part is the content of a part; the first is 0.
func (l *local) part(i int) *io.SectionReader {
	from := int64(i) * l.partSize
	return io.NewSectionReader(l, from, min(l.partSize, l.size-from))
}

// Put stores a file under a key. An object with this content that is there already is left as it
// is, and an upload of this content that was interrupted goes on.
func (s *Store) Put(ctx context.Context, path, key string, p Progress) (Object, error) {
	file, err := open(ctx, path)
	if err != nil {
		return Object{}, err
	}
	defer file.Close()
	want := Object{s.Bucket, key, file.size, file.sum}
	if there, err := s.head(ctx, key); err == nil && there == want {
		p.Begin(filepath.Base(path), file.size, file.size)
		p.End()
		return want, nil
	}
	if len(file.parts) == 1 {
		err = s.putWhole(ctx, file, key, p)
	} else {
		err = s.putParts(ctx, file, key, p)
	}
	if err != nil {
		return Object{}, s.explain(fmt.Sprintf("put %s as %s", path, key), err)
	}
	return want, nil
}

// Sum is the SHA-256 of a file, in hexadecimal.
func Sum(ctx context.Context, path string) (string, error) {
	file, err := open(ctx, path)
	if err != nil {
		return "", err
	}
	return file.sum, file.Close()
}

// open reads a file and takes its sums.
func open(ctx context.Context, path string) (*local, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	l := &local{File: f, size: info.Size(), partSize: partSizeOf(info.Size())}
	if err := l.read(ctx); err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return l, nil
}

// partSizeOf is the size of the parts of a file: 8 MiB, or the whole MiB that make 10,000 parts do.
func partSizeOf(size int64) int64 {
	least := (size + maxParts - 1) / maxParts
	return max(partSize, (least+mebibyte-1)/mebibyte*mebibyte)
}

// read takes the sums of the parts and of the whole in one pass.
func (l *local) read(ctx context.Context) error {
	whole := sha256.New()
	for i := 0; i == 0 || int64(i)*l.partSize < l.size; i++ {
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		sum, part := sha256.New(), l.part(i)
		if n, err := io.Copy(io.MultiWriter(whole, sum), part); err != nil {
			return err
		} else if n != part.Size() {
			return errors.New("it has become shorter meanwhile")
		}
		l.parts = append(l.parts, sum.Sum(nil))
	}
	l.sum = hex.EncodeToString(whole.Sum(nil))
	return nil
}

// putWhole stores a file by one request.
func (s *Store) putWhole(ctx context.Context, file *local, key string, p Progress) error {
	p.Begin(filepath.Base(file.Name()), file.size, 0)
	defer p.End()
	_, err := s.counting(p).s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket:         &s.Bucket,
		Key:            &key,
		Body:           file.part(0),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(file.parts[0])),
		Metadata:       map[string]string{metadata: file.sum},
	})
	return err
}
