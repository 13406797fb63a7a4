package job

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an address in a placeholder names, by the styles and the parsing cases of docs/spec/23,
// section 3, and what is no address of an S3 object (R-PRE-6 to R-PRE-10).
func TestParseObject(t *testing.T) {
	t.Parallel()
	const v0, v1, v2 = PresignedURL, PresignedURLv1, PresignedURLv2
	named := func(bucket, key, version string) *object { return &object{bucket, key, version} }
	for _, tt := range []struct {
		kind, address string
		want          *object // nil: refused
	}{
		{v1, "https://s3.amazonaws.com/b/fw.bin", named("b", "fw.bin", "")}, // case 1
		{v0, "https://s3.amazonaws.com/b/fw.bin", named("b", "fw.bin", "")},
		{v1, "https://s3.eu-west-1.amazonaws.com/b/a/b c.bin", named("b", "a/b c.bin", "")},
		{v2, "https://s3.eu-west-1.amazonaws.com/b/a/b%20c.bin", named("b", "a/b c.bin", "")},
		{v1, "https://s3.eu-west-1.amazonaws.com/b/a/b%20c.bin", named("b", "a/b%20c.bin", "")},
		{v2, "https://b.s3.us-west-2.amazonaws.com/k%3FversionId%3DabC1", named("b", "k", "abC1")},
		{v2, "https://s3.us-west-2.amazonaws.com/b/k%3FversionId%3DabC1", named("b", "k", "abC1")},
		{v2, "https://s3.us-west-2.amazonaws.com/b/k?versionId=abC1", named("b", "k", "abC1")},
		{v1, "https://s3.us-west-2.amazonaws.com/b/k?versionId=abC1",
			named("b", "k?versionId=abC1", "")}, // R-PRE-9
		{v2, "https://my.dotted.bucket.s3.us-west-2.amazonaws.com/k",
			named("my.dotted.bucket", "k", "")},
		{v2, "https://b.s3.cn-north-1.amazonaws.com.cn/k", named("b", "k", "")},
		{v0, "https://s3-us-west-2.amazonaws.com/b/k", named("b", "k", "")},
		{v0, "https://b.s3-us-west-2.amazonaws.com/k", named("b", "k", "")},
		{v0, "https://b.s3.amazonaws.com/k/", named("b", "k/", "")},
		{v0, "https://S3.Amazonaws.com/B/K", named("B", "K", "")},
		{v0, "https://s3.us-gov-west-1.amazonaws.com/b/k", named("b", "k", "")},
		{v2, "https://s3.amazonaws.com/b/%7Bk%7D", named("b", "{k}", "")}, // R-PRE-10
		{v0, "https://s3.eu-west-1.amazonaws.com/b", nil},                 // case 8
		{v2, "https://s3.eu-west-1.amazonaws.com/b/", nil},
		{v0, "https://b.s3.amazonaws.com/", nil},
		{v0, "https://b.s3.amazonaws.com", nil},
		{v0, "https://example.com/b/k", nil},        // case 9
		{v0, "http://s3.amazonaws.com/b/k", nil},    // case 10
		{v0, "https://s3.amazonaws.com//k", nil},    // no bucket
		{v0, "https://s3.amazonaws.com/b b/k", nil}, // not the name of a bucket
		{v2, "https://s3.amazonaws.com/b/k%2", nil}, // not percent-encoded
		{v2, "https://s3.amazonaws.com/%zz/k", nil}, //
		{v2, "https://s3.amazonaws.com/b/?versionId=x", nil},
		{v2, "https://s3.amazonaws.com/b/k?versionId=", nil},
		{v0, "https://s3.amazonaws.com.evil.org/b/k", nil},
		{v0, "https://s3.example.amazonaws.com/b/k", nil},
		{v0, "https://s3.amazonaws.com:443/b/k", nil},
		{v0, "https://user@s3.amazonaws.com/b/k", nil},
		{v0, "s3://b/k", nil},
		{v0, " https://s3.amazonaws.com/b/k", nil},
		{v0, "arn:aws:s3:::b/k", nil},
		{v0, "b/k", nil},
		{v0, "", nil},
	} {
		got, ok := parseObject(tt.kind, tt.address)
		if ok != (tt.want != nil) {
			t.Errorf("%s %q: accepted %v", tt.kind, tt.address, ok)
		} else if ok {
			if diff := cmp.Diff(*tt.want, got, cmp.AllowUnexported(object{})); diff != "" {
				t.Errorf("%s %q (-want +got):\n%s", tt.kind, tt.address, diff)
			}
		}
		document := fmt.Sprintf(`{"url":"${aws:iot:%s:%s}"}`, tt.kind, tt.address)
		if _, err := CheckDocument(document); (err == nil) != ok {
			t.Errorf("%s: %v", document, err)
		}
	}
	_, err := CheckDocument(`{"url":"${aws:iot:s3-presigned-url:https://example.com/x}"}`)
	invalid(t, "refusal 4", err, "document: placeholder ${aws:iot:s3-presigned-url:…}: "+
		`"https://example.com/x" is not the address of an S3 object, `+
		"like https://s3.us-east-1.amazonaws.com/bucket/key")
}
