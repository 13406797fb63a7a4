package objectstore

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// What a new job is refused for, by what the store answers (refusals 2, 3 and 5, R-PRE-11,
// R-PRE-24). It is asked with the credential of the role.
func TestCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	inRegion := func(code int, region string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set(regionHeader, region)
			w.WriteHeader(code)
		}
	}
	s.answers = map[string]func(http.ResponseWriter){
		"/up":       status(200),
		"/near":     inRegion(200, "eu-west-1"),
		"/other":    inRegion(200, "eu-north-1"),
		"/far":      inRegion(301, "eu-north-1"),
		"/far400":   inRegion(400, "eu-north-1"),
		"/moved":    status(307),
		"/closed":   status(403),
		"/closedby": inRegion(403, "eu-west-1"),
		"/broken":   status(500),
		"/b/k":      status(200),
		"/b/marked": status(405),
		"/b/bad":    status(400),
		"/b/closed": status(403),
	}
	const invalidRole = "InvalidRole: presignedUrlConfig.roleArn: "
	upload := func(bucket string) job.Object {
		return job.Object{Region: "eu-west-1", Bucket: bucket, Key: "k", Upload: true}
	}
	version := func(key string) job.Object {
		return job.Object{Bucket: "b", Key: key, Version: "v1"}
	}
	// To the own store the regions of buckets mean nothing, so AWS has its turn by another name.
	own := newClient(t, newRoles(t, fixed(firmware, "F"), nil), s.URL, "", nil)
	aws := newClient(t, newRoles(t, fixed(firmware, "F"), nil), "", "", nil)
	for _, tt := range []struct {
		rule string
		c    *Client
		o    job.Object
		says string // "" is accepted
	}{
		{"R-PRE-24", own, upload("up"), ""},
		{"R-PRE-24 the region of an own store", own, upload("near"), ""},
		{"R-PRE-24 whatever it is", own, upload("other"), ""},
		{"R-PRE-24", aws, upload("near"), ""},
		{"refusal 3", aws, upload("other"),
			"document: upload bucket other is in another region than eu-west-1: in eu-north-1"},
		{"refusal 3", own, upload("missing"), "document: upload bucket missing does not exist"},
		{"refusal 3", aws, upload("far"),
			"document: upload bucket far is in another region than eu-west-1: in eu-north-1"},
		{"refusal 3", aws, upload("far400"),
			"document: upload bucket far400 is in another region than eu-west-1: in eu-north-1"},
		{"refusal 3", aws, upload("moved"),
			"document: upload bucket moved is in another region than eu-west-1"},
		{"refusal 2", own, upload("closed"),
			invalidRole + "bucket closed cannot be used: access is refused (status 403)"},
		{"refusal 2", aws, upload("closedby"),
			invalidRole + "bucket closedby cannot be used: access is refused (status 403)"},
		{"refusal 2", own, upload("broken"),
			invalidRole + "bucket broken cannot be used: the answer has status 500"},
		{"R-PRE-11 a version", own, version("k"), ""},
		{"R-PRE-11 no version", own, job.Object{Bucket: "b", Key: "missing"}, ""},
		{"refusal 5", own, version("missing"), "document: missing in bucket b has no version v1"},
		{"refusal 5 a delete marker", own, version("marked"),
			"document: marked in bucket b has no version v1"},
		{"refusal 5 no version id", own, version("bad"),
			"document: bad in bucket b has no version v1"},
		{"refusal 2", own, version("closed"),
			invalidRole + "bucket b cannot be used: access is refused (status 403)"},
	} {
		tt.o.Endpoint = s.URL
		err := tt.c.Check(t.Context(), firmware, []job.Object{tt.o})
		if tt.says == "" && err != nil {
			t.Errorf("%s %s: %v", tt.rule, tt.o.Bucket, err)
		} else if tt.says != "" {
			refused(t, tt.rule+" "+tt.o.Bucket, err, fault.Invalid, tt.says)
		}
	}
	if diff := cmp.Diff([]string{"HEAD /up F", "HEAD /near F"}, s.asked[:2]); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A role without a credential is refused before a store is asked (refusal 2); with the server's own
// key pair none is asked (R-PRE-26). Ready asks nobody.
func TestCheckRole(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	o := []job.Object{{Endpoint: s.URL, Bucket: "up", Key: "k", Upload: true}}
	unknown := newClient(t, newRoles(t, fixed(firmware, "F"),
		func(c *RolesConfig) { c.RefuseUnknown = true }), s.URL, "", nil)
	refused(t, "unknown", unknown.Check(t.Context(), logs, o), fault.Invalid,
		"InvalidRole: presignedUrlConfig.roleArn: role "+logs+" is not one")
	if unknown.Ready(logs) == nil || unknown.Ready(firmware) != nil {
		t.Error("R-PRE-12: only firmware has a credential")
	}
	own := newClient(t, newRoles(t, "", func(c *RolesConfig) { c.Own = true }), s.URL, "", nil)
	if err := own.Check(t.Context(), logs, o); err != nil || own.Ready(logs) != nil {
		t.Errorf("R-PRE-26: %v", err)
	}
	if len(s.asked) != 0 {
		t.Errorf("it was asked for %q", s.asked)
	}
	s.Close()
	known := newClient(t, newRoles(t, "", nil), s.URL, "", nil)
	refused(t, "gone", known.Check(t.Context(), logs, o), fault.Invalid,
		"InvalidRole: presignedUrlConfig.roleArn: bucket up cannot be reached: ")
}

// A job that only names objects to download asks no store, so those that are slow to answer others
// do not hold it up.
func TestCheckBesideSlowStores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, newRoles(t, "", nil), "", "", nil)
		for range maxRequests {
			c.places <- struct{}{}
		}
		start, download := time.Now(), job.Object{Endpoint: "https://s3.amazonaws.com", Bucket: "b", Key: "k"}
		if err := c.Check(t.Context(), "arn:aws:iam::123456789012:role/r", []job.Object{download}); err != nil {
			t.Errorf("a download: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("a download waited for %v", took)
		}
		upload := job.Object{Endpoint: download.Endpoint, Bucket: "b", Key: "k", Upload: true}
		err := c.Check(t.Context(), "arn:aws:iam::123456789012:role/r", []job.Object{upload})
		refused(t, "an upload", err, fault.Throttled, "too many requests")
	})
}
