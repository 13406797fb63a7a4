package transfer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

// A large file is sent as a multipart upload. Its parts stay in the store when it is interrupted.
// The next attempt looks for an upload of the same key all of whose parts are parts of the file, by
// number, size and SHA-256, and sends the others. The store lists no metadata of uploads, so an
// upload of another file that begins with the same parts is found too. Its object would have the
// SHA-256 of that file: it is looked at afterwards, and sent again if so.

// parallelParts is how many parts are sent at a time.
const parallelParts = 4

// upload is a multipart upload that was begun.
type upload struct {
	id    string
	mu    sync.Mutex
	parts []types.CompletedPart // by number; ETag is nil while the part is not there
}

// putParts stores a file in parts.
func (s *Store) putParts(ctx context.Context, file *local, key string, p Progress) error {
	u, err := s.findUpload(ctx, file, key)
	if err != nil {
		return err
	}
	resumed := u != nil
	if !resumed {
		if u, err = s.beginUpload(ctx, file, key); err != nil {
			return err
		}
	}
	err = s.sendParts(ctx, file, key, u, p)
	if !resumed {
		return err
	}
	there, headErr := s.head(ctx, key)
	if err == nil && headErr == nil && there.SHA256 == file.sum {
		return nil
	}
	if err != nil && !answered(err, "NoSuchUpload") { // somebody else has ended it
		return err
	}
	if u, err = s.beginUpload(ctx, file, key); err != nil {
		return err
	}
	return s.sendParts(ctx, file, key, u, p)
}

// beginUpload begins an upload.
func (s *Store) beginUpload(ctx context.Context, file *local, key string) (*upload, error) {
	out, err := s.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket:            &s.Bucket,
		Key:               &key,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		Metadata:          map[string]string{metadata: file.sum},
	})
	if err != nil {
		return nil, err
	}
	return newUpload(aws.ToString(out.UploadId), file), nil
}

// newUpload is an upload without parts.
func newUpload(id string, file *local) *upload {
	u := &upload{id: id, parts: make([]types.CompletedPart, len(file.parts))}
	for i, sum := range file.parts {
		u.parts[i].PartNumber = aws.Int32(int32(i + 1))
		u.parts[i].ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sum))
	}
	return u
}

// findUpload returns an upload of the key that a file may go on with: the one with most parts. It
// is nil when there is none, or when the store lists no uploads. They are listed in the order of
// their keys; not every store lists those of one key only, the embedded one for example.
func (s *Store) findUpload(ctx context.Context, file *local, key string) (best *upload, err error) {
	pages := s3.NewListMultipartUploadsPaginator(s.s3,
		&s3.ListMultipartUploadsInput{Bucket: &s.Bucket})
	most, passed := 0, false
	for pages.HasMorePages() && !passed {
		page, err := pages.NextPage(ctx)
		if answered(err, "NotImplemented") {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, found := range page.Uploads {
			passed = aws.ToString(found.Key) > key
			if aws.ToString(found.Key) != key {
				continue
			}
			u := newUpload(aws.ToString(found.UploadId), file)
			n, err := s.findParts(ctx, file, key, u)
			if err != nil {
				return nil, err
			}
			if n > most {
				best, most = u, n
			}
		}
	}
	return best, nil
}

// answered reports whether an error is an answer of the store with this code.
func answered(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

// findParts notes the parts that an upload has, and returns how many they are: 0 when one of them
// is no part of the file. A store says the SHA-256 of a part as a checksum, as AWS does, or as its
// ETag.
func (s *Store) findParts(ctx context.Context, file *local, key string, u *upload) (n int, err error) {
	pages := s3.NewListPartsPaginator(s.s3,
		&s3.ListPartsInput{Bucket: &s.Bucket, Key: &key, UploadId: &u.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if answered(err, "NoSuchUpload") { // it has ended since it was listed
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		for _, part := range page.Parts {
			i := int(aws.ToInt32(part.PartNumber)) - 1
			if i < 0 || i >= len(file.parts) || aws.ToInt64(part.Size) != file.part(i).Size() {
				return 0, nil
			}
			same := aws.ToString(part.ChecksumSHA256) == *u.parts[i].ChecksumSHA256 ||
				strings.Trim(aws.ToString(part.ETag), `"`) == hex.EncodeToString(file.parts[i])
			if !same {
				return 0, nil
			}
			u.parts[i].ETag = part.ETag
			n++
		}
	}
	return n, nil
}

// sendParts sends the parts that an upload lacks, and completes it. When it is interrupted, the
// parts stay.
func (s *Store) sendParts(
	ctx context.Context, file *local, key string, u *upload, p Progress,
) error {
	var done int64
	for i := range u.parts {
		if u.parts[i].ETag != nil {
			done += file.part(i).Size()
		}
	}
	p.Begin(filepath.Base(file.Name()), file.size, done)
	defer p.End()
	counting := s.counting(p)
	sending, ctxOfParts := errgroup.WithContext(ctx)
	sending.SetLimit(parallelParts)
	for i := range u.parts {
		if u.parts[i].ETag == nil {
			sending.Go(func() error { return counting.sendPart(ctxOfParts, file, key, u, i) })
		}
	}
	if err := sending.Wait(); err != nil {
		return err
	}
	_, err := s.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket:          &s.Bucket,
		Key:             &key,
		UploadId:        &u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	return err
}

// sendPart sends one part.
func (s *Store) sendPart(
	ctx context.Context, file *local, key string, u *upload, i int,
) error {
	if err := ctx.Err(); err != nil { // another part has failed
		return err
	}
	out, err := s.s3.UploadPart(ctx, &s3.UploadPartInput{
		Bucket:         &s.Bucket,
		Key:            &key,
		UploadId:       &u.id,
		PartNumber:     u.parts[i].PartNumber,
		Body:           file.part(i),
		ChecksumSHA256: u.parts[i].ChecksumSHA256,
	})
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts[i].ETag = out.ETag
	return nil
}
