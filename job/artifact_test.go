package job

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An artifact of the server's own store has s3:// with its bucket, or any address with it; it needs
// no role, and its URLs live as long as others.
func TestArtifacts(t *testing.T) { // R-ART-13
	t.Parallel()
	const none, raw, encoded = "", PresignedURL, PresignedURLv2
	own := ObjectStore("http://127.0.0.1:9000").WithArtifacts("artifacts")
	for _, tt := range []struct {
		store         ObjectStore
		kind, address string
		want          string // bucket and key, "" when it is refused
		artifact      bool
	}{
		{own, raw, "s3://artifacts/fw.bin", "artifacts fw.bin", true},
		{own, raw, "s3://artifacts/a/b c%20", "artifacts a/b c%20", true},
		{own, encoded, "s3://artifacts/a/b%20c%7D", "artifacts a/b c}", true},
		{own, PresignedURLv1, "https://s3.amazonaws.com/artifacts/k", "artifacts k", true},
		{own, raw, "https://artifacts.s3.eu-west-1.amazonaws.com/k", "artifacts k", true},
		{own, raw, "http://127.0.0.1:9000/artifacts/k", "artifacts k", true},
		{own, raw, "http://127.0.0.1:9000/other/k", "other k", false},
		{own, raw, "https://s3.amazonaws.com/other/k", "other k", false},
		{own, raw, "s3://other/k", "other k", false},
		{own, raw, "s3://artifacts/", "", false},
		{own, raw, "s3://artifacts", "", false},
		{own, raw, "s3:///k", "", false},
		{own, encoded, "s3://artifacts/k?versionId=1", "", false},
		{ObjectStore(none).WithArtifacts("fw"), raw, "s3://fw/k", "fw k", true},
		{ObjectStore(none).WithArtifacts("fw"), raw, "https://s3.amazonaws.com/artifacts/k", "artifacts k", false},
		{ObjectStore(none).WithArtifacts("fw"), raw, "http://127.0.0.1:9000/fw/k", "", false},
		{ObjectStore(none).WithArtifacts(none), raw, "s3://artifacts/k", "", false},
		{"http://127.0.0.1:9000", raw, "s3://artifacts/k", "artifacts k", false},
		{"http://127.0.0.1:9000", raw, "s3:///k", "", false},
		{"http://127.0.0.1:9000", encoded, "s3://fw/a%20b%3FversionId%3D1", "fw a b", false},
		{ObjectStore(none).WithArtifacts("fw"), raw, "s3://other/k", "", false},
		{"http://127.0.0.1:9000", raw, "http://127.0.0.1:9000/artifacts/k", "artifacts k", false},
	} {
		document := fmt.Sprintf(`{"from":"${aws:iot:%s:%s}"}`, tt.kind, tt.address)
		found, err := CheckDocument(document, tt.store, DefaultRequestLimits)
		if (err == nil) != (tt.want != "") {
			t.Errorf("%s with %q: %v", tt.address, tt.store, err)
		}
		if tt.want == "" {
			continue
		}
		got, artifact := "", false
		sign := func(o Object) (string, error) {
			got, artifact = o.Bucket+" "+o.Key, o.Artifact
			return "", nil
		}
		_, err = Deliver(document, Stores{Own: tt.store}, Delivery{}, sign)
		if err != nil || got != tt.want || artifact != tt.artifact {
			t.Errorf("%s with %q: %q, artifact %v, %v, want %q, %v",
				tt.address, tt.store, got, artifact, err, tt.want, tt.artifact)
		}
		d := Definition{}.Complete(found, tt.store)
		if d.HasArtifacts != tt.artifact || d.NeedsRole == tt.artifact || d.URLLifetime() != time.Hour {
			t.Errorf("%s with %q: %+v, URLs for %v", tt.address, tt.store, d, d.URLLifetime())
		}
	}
}

// A document that names artifacts and other objects needs a role for the others.
func TestArtifactsAndOthers(t *testing.T) { // R-ART-13
	t.Parallel()
	store := ObjectStore("").WithArtifacts("artifacts")
	found, err := CheckDocument(`{"a":"${aws:iot:s3-presigned-url:s3://artifacts/k}",`+
		`"b":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`, store, DefaultRequestLimits)
	if err != nil {
		t.Fatal(err)
	}
	d := Definition{}.Complete(found, store)
	if diff := cmp.Diff([]bool{true, true}, []bool{d.HasArtifacts, d.NeedsRole}); diff != "" {
		t.Errorf("artifacts, role (-want +got):\n%s", diff)
	}
}
