package transfer

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Entry is an object in a list.
type Entry struct {
	Key          string    `json:"key"`
	Size         int64     `json:"size"`
	LastModified time.Time `json:"lastModified"`
	ETag         string    `json:"etag"`
}

// List goes through the objects whose keys begin with a prefix, in the order of their keys. It ends
// with the first error.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.s3,
			&s3.ListObjectsV2Input{Bucket: &s.Bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Entry{}, s.explain("list", err))
				return
			}
			for _, o := range page.Contents {
				entry := Entry{
					Key:          aws.ToString(o.Key),
					Size:         aws.ToInt64(o.Size),
					LastModified: aws.ToTime(o.LastModified).UTC(),
					ETag:         strings.Trim(aws.ToString(o.ETag), `"`),
				}
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// Remove removes an object. S3 itself says nothing when there is none; people who mistyped a key
// want to know.
func (s *Store) Remove(ctx context.Context, key string) error {
	_, err := s.head(ctx, key)
	if statusOf(err) == http.StatusNotFound {
		return s.explain("remove "+key, errNoKey)
	}
	if err == nil {
		_, err = s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key})
	}
	if err != nil {
		return s.explain("remove "+key, err)
	}
	return nil
}

// errNoKey is an object that is not there.
var errNoKey = errors.New("NoSuchKey")
