package test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/test/objectstore"
)

// What devices find at their URLs is answered by a real store, which makes every signature again.

// A download that broke off goes on by Range at the same URL, and what came is the object.
func TestDownloadResumes(t *testing.T) { // R-PRE-3
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "firmware")
	firmware := strings.Repeat("0123456789abcdef", 1<<16)
	o.Put("firmware", "fw.bin", firmware)
	s := serveStore(t, o.URL, storeVariables(storeSecret))
	s.fleet("g", 1)
	s.createDownload("fw", "s3-presigned-url:"+o.URL+"/firmware/fw.bin")
	address := s.delivered("fw")
	first, rest := download(t, address, "bytes=0-99998"), download(t, address, "bytes=99999-")
	if len(first) != 99999 || first+rest != firmware {
		t.Errorf("got %d and %d bytes, which are not the %d bytes of the object", len(first), len(rest), len(firmware))
	}
	if got := download(t, address, "bytes=9999999-"); got != "416 InvalidRange" {
		t.Errorf("a range behind the end: %s", got)
	}
}

// Keys with every character that URLs, signatures and placeholders treat in their own way: the
// kinds of version 1 have the key as it is, version 2 has it percent-encoded.
func TestDownloadKeys(t *testing.T) { // R-PRE-7, R-PRE-8, R-PRE-9, R-PRE-10, R-SUB-2
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "firmware")
	s := serveStore(t, o.URL, storeVariables(storeSecret))
	s.fleet("g", 1)
	for i, tt := range []struct{ kind, address, key string }{
		{"s3-presigned-url", "fw.bin", "fw.bin"},
		{"s3-presigned-url", "a b+c.bin", "a b+c.bin"},
		{"s3-presigned-url-v1", "100%25/é ü/日本.bin", "100%25/é ü/日本.bin"},
		{"s3-presigned-url-v1", "a&b=c;d,e@f:g$h!i*j'(k)~.bin", "a&b=c;d,e@f:g$h!i*j'(k)~.bin"},
		{"s3-presigned-url-v1", "k?versionId=1#x", "k?versionId=1#x"},
		{"s3-presigned-url-v1", "{a", "{a"},
		{"s3-presigned-url-v2", "a%20b+c%2Bd.bin", "a b+c+d.bin"},
		{"s3-presigned-url-v2", "100%25%2F%C3%A9 %E6%97%A5.bin", "100%/é 日.bin"},
		{"s3-presigned-url-v2", "%7Ba%7D%24%7Bb%7D", "{a}${b}"},
		{"s3-presigned-url-v2", "a%23b%26c%3Dd", "a#b&c=d"},
	} {
		o.Put("firmware", tt.key, "the content of "+tt.key)
		id := "keys-" + string(rune('a'+i))
		s.createDownload(id, tt.kind+":https://s3.amazonaws.com/firmware/"+tt.address)
		if got, want := download(t, s.delivered(id), ""), "the content of "+tt.key; got != want {
			t.Errorf("%s of %s: %q, want %q", tt.kind, tt.address, got, want)
		}
	}
}

// What a device is answered when its URL leads nowhere, was changed, or was signed with a secret
// that the store does not know: the store decides, and the server's answer is the same as ever.
func TestDownloadRefused(t *testing.T) { // R-PRE-3, R-PRE-11, R-PRE-13
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "firmware")
	o.Put("firmware", "fw.bin", "the firmware")
	s := serveStore(t, o.URL, storeVariables(storeSecret))
	s.fleet("g", 1)
	for id, path := range map[string]string{
		"there":  "/firmware/fw.bin",
		"absent": "/firmware/no.bin",
		"bucket": "/nowhere/fw.bin",
	} {
		s.createDownload(id, "s3-presigned-url:"+o.URL+path)
	}
	good := s.delivered("there")
	changed := func(name, value string) string {
		u := must[*url.URL](t)(url.Parse(good))
		query := u.Query()
		query.Set(name, value)
		u.RawQuery = query.Encode()
		return u.String()
	}
	s.Kill()
	s.Env = storeVariables("another secret")
	s.Start("--clock", "virtual", "--s3-endpoint", o.URL)
	credential := presign.NewCredential(
		aws.Credentials{AccessKeyID: storeKey, SecretAccessKey: storeSecret})
	past := presign.New(presign.Config{
		Store:         job.ObjectStore(o.URL),
		DefaultRegion: objectstore.Region,
		Now:           func() time.Time { return time.Now().Add(-61 * time.Second) },
	})
	object := job.Object{Endpoint: o.URL, Bucket: "firmware", Key: "fw.bin"}
	for name, tt := range map[string]struct{ address, want string }{
		"good":             {good, "the firmware"},
		"a later date":     {changed("X-Amz-Date", time.Now().UTC().Add(time.Second).Format("20060102T150405Z")), "403 SignatureDoesNotMatch"},
		"a longer life":    {changed("X-Amz-Expires", "3601"), "403 SignatureDoesNotMatch"},
		"another object":   {strings.Replace(good, "fw.bin", "no.bin", 1), "403 SignatureDoesNotMatch"},
		"expired":          {must[string](t)(past.URL("GET", object, credential, time.Minute)), "403 AccessDenied"},
		"not yet expired":  {must[string](t)(past.URL("GET", object, credential, 2*time.Minute)), "the firmware"},
		"a wrong secret":   {s.delivered("there"), "403 SignatureDoesNotMatch"},
		"made with it too": {s.delivered("absent"), "403 SignatureDoesNotMatch"},
	} {
		if got := download(t, tt.address, ""); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	s.Kill()
	s.Env = storeVariables(storeSecret)
	s.Start("--clock", "virtual", "--s3-endpoint", o.URL)
	for id, want := range map[string]string{"absent": "404 NoSuchKey", "bucket": "404 NoSuchBucket"} {
		if got := download(t, s.delivered(id), ""); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
