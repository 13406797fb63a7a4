package job

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What upload placeholders are refused for (refusals 3, 4 and 6 to 10 of docs/spec/23), and the
// same for local placeholders inside those of other kinds (R-SUB-7, R-PRE-21, R-PRE-27).
func TestUploadFaults(t *testing.T) {
	t.Parallel()
	const (
		name        = "InvalidJobDocument: document: "
		kind        = name + "placeholder ${aws:iot:s3-presigned-url-upload:…}: "
		uploadsOnly = "${…} is allowed in the key of an upload only"
		inKeyOnly   = "${…} is allowed in the key only, not in the bucket"

		s3 = "${aws:iot:s3-presigned-url-upload:https://s3.eu-west-1.amazonaws.com/"
	)
	noAddress := func(address string) string {
		return fmt.Sprintf("document: placeholder ${aws:iot:s3-presigned-url-upload:…}: "+
			"%q is not the address of an S3 object, "+
			"like https://s3.us-east-1.amazonaws.com/bucket/key", address)
	}
	for _, tt := range []struct{ rule, value, says string }{ // "" is accepted
		{"R-PRE-20", s3 + "b/log.txt}", ""},
		{"R-PRE-21", s3 + "b/logs/${thingName}/${executionNumber}.txt}", ""},
		{"R-PRE-21 each twice", s3 + "b/${jobId}${jobId}${thingName}${thingName}}", ""},
		{"R-PRE-21 in the host style",
			"${aws:iot:s3-presigned-url-upload:https://b.s3.amazonaws.com/${jobId}}", ""},
		{"R-PRE-6 the server's own store",
			"${aws:iot:s3-presigned-url-upload:http://store.example:9000/b/${jobId}}", ""},
		{"R-PRE-23 no address", "${aws:iot:s3-presigned-url-upload}", ""},
		{"R-PRE-23 no address, a colon", "${aws:iot:s3-presigned-url-upload:}", ""},
		{"R-DOC-9 plain text", "${thingName} ${jobId} ${other}", ""},

		{"refusal 3", s3 + "b_/_b b/k}", ""}, // the key may have anything
		{"refusal 3", s3 + "_b/k}", noAddress("https://s3.eu-west-1.amazonaws.com/_b/k")},
		{"refusal 4", s3 + "b}", noAddress("https://s3.eu-west-1.amazonaws.com/b")},
		{"refusal 4", "${aws:iot:s3-presigned-url-upload:https://example.com/b/k}",
			noAddress("https://example.com/b/k")},
		{"refusal 6", s3 + "b/${thing}}",
			kind + "${thing} is not one of ${thingName}, ${jobId} and ${executionNumber}"},
		{"refusal 6", s3 + "b/${}}",
			kind + "${} is not one of ${thingName}, ${jobId} and ${executionNumber}"},
		{"refusal 7", "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/${thingName}}",
			name + "placeholder ${aws:iot:s3-presigned-url:…}: " + uploadsOnly},
		{"refusal 7", "${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/b/${jobId}}",
			name + "placeholder ${aws:iot:s3-presigned-url-v2:…}: " + uploadsOnly},
		{"refusal 8", s3 + "${thingName}/k}", kind + inKeyOnly},
		{"refusal 8",
			"${aws:iot:s3-presigned-url-upload:https://${jobId}.s3.amazonaws.com/k}",
			kind + inKeyOnly},
		{"refusal 9", s3 + "b/${jobId}${jobId}${jobId}}", kind + "more than 2 of ${jobId}"},
		{"refusal 10", s3 + "b/${aws:iot:parameter:p}}",
			name + "a placeholder stands inside another"},
		{"refusal 10", s3 + "b/${aws:iot:s3-presigned-url-upload}}",
			name + "a placeholder stands inside another"},
		{"refusal 11", s3 + "b/${thingName}", name + "${aws: without a closing brace"},
		{"refusal 11", s3 + "b/k", name + "${aws: without a closing brace"},
		{"R-PRE-27", s3 + "b/" + strings.Repeat("k", MaxKeyBytes-128) + "${thingName}}", ""},
		{"R-PRE-27", s3 + "b/" + strings.Repeat("k", MaxKeyBytes-127) + "${thingName}}",
			"document: placeholder ${aws:iot:s3-presigned-url-upload:…}: the key may become " +
				"1025 bytes long, at most 1024 are allowed"},
	} {
		_, err := CheckDocument(fmt.Sprintf(`{"a":[%q]}`, tt.value), aStore, DefaultRequestLimits)
		invalid(t, fmt.Sprintf("%s %.90s", tt.rule, tt.value), err, tt.says)
	}
}

// An upload without an address needs a bucket of the server (R-PRE-23).
func TestDefaultUploads(t *testing.T) {
	t.Parallel()
	placeholders, err := CheckDocument(`{"to":"${aws:iot:s3-presigned-url-upload}"}`, "", DefaultRequestLimits)
	if err != nil {
		t.Fatal(err)
	}
	invalid(t, "R-PRE-23", CheckUploads(placeholders, Stores{}),
		"document: placeholder ${aws:iot:s3-presigned-url-upload}: names no bucket, "+
			"and this server has none for uploads (--s3-upload-bucket)")
	invalid(t, "R-SUB-8", Template{Document: `{"to":"${aws:iot:s3-presigned-url-upload}"}`}.
		Check(Stores{}, DefaultRequestLimits), "document: placeholder ${aws:iot:s3-presigned-url-upload}: "+
		"names no bucket, and this server has none for uploads (--s3-upload-bucket)")
	for _, tt := range []struct {
		bucket, region string
		own            ObjectStore
		want           string // "": refused
	}{
		{"logs", "eu-west-1", "", "https://s3.eu-west-1.amazonaws.com@eu-west-1 logs"},
		{"logs", "cn-north-1", "", "https://s3.cn-north-1.amazonaws.com.cn@cn-north-1 logs"},
		{"logs", "eu-west-1", aStore, "http://store.example:9000@ logs"},
		{"a/b", "eu-west-1", "", ""},
		{"", "eu-west-1", "", ""},
	} {
		o, ok := DefaultUploads(tt.bucket, tt.own, tt.region)
		got := o.Endpoint + "@" + o.Region + " " + o.Bucket
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("R-PRE-23 %q in %s: %s, %v", tt.bucket, tt.region, got, ok)
		} else if ok {
			invalid(t, "R-PRE-23", CheckUploads(placeholders, Stores{Uploads: o}), "")
		}
	}
}

// The keys of uploads are those of the execution that gets the document; each attempt has its own
// (R-PRE-21 to R-PRE-23, R-PRE-25).
func TestDeliverUploads(t *testing.T) {
	t.Parallel()
	sign := func(o Object) (string, error) {
		return fmt.Sprintf("%t %s/%s/%s", o.Upload, o.Endpoint, o.Bucket, o.Key), nil
	}
	uploads, _ := DefaultUploads("up", aStore, "")
	second := Delivery{Thing: "t1", JobID: "j", Number: 2}
	for _, tt := range []struct {
		rule, argument string
		d              Delivery
		want           string
	}{
		{"R-PRE-22 the example",
			":https://s3.amazonaws.com/b/logs/${thingName}/${executionNumber}.txt", second, "true https://s3.amazonaws.com/b/logs/t1/2.txt"},
		{"R-PRE-22 the first attempt", ":https://s3.amazonaws.com/b/${jobId}-${executionNumber}",
			Delivery{JobID: "j", Number: 1}, "true https://s3.amazonaws.com/b/j-1"},
		{"R-PRE-25", ":https://s3.amazonaws.com/b/${thingName}/${thingName}",
			Delivery{Thing: "a:b"}, "true https://s3.amazonaws.com/b/a:b/a:b"},
		{"R-PRE-23", "", second, "true http://store.example:9000/up/j/t1/2"},
		{"R-PRE-20 the key is not encoded", ":https://s3.amazonaws.com/b/a%20b c", second,
			"true https://s3.amazonaws.com/b/a%20b c"},
	} {
		document := fmt.Sprintf(`{"to":"<${aws:iot:s3-presigned-url-upload%s}>"}`, tt.argument)
		got, err := Deliver(document, Stores{Own: aStore, Uploads: uploads}, tt.d, sign)
		if want := `{"to":"<` + tt.want + `>"}`; err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", tt.rule, got, err, want)
		}
	}
	const without = `{"to":"${aws:iot:s3-presigned-url-upload}"}`
	if got, err := Deliver(without, Stores{}, second, sign); err == nil {
		t.Errorf("R-PRE-12 a bucket that the server has lost: %s", got)
	}
}

// The objects that are looked for when a job is created: each once.
func TestObjects(t *testing.T) {
	t.Parallel()
	const text = `{"a":["${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}",
		"${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/b/k?versionId=1}",
		"${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/b/k?versionId=1}",
		"${aws:iot:s3-presigned-url-upload:https://s3.amazonaws.com/b/k}"]}`
	placeholders, err := CheckDocument(text, "", DefaultRequestLimits)
	if err != nil {
		t.Fatal(err)
	}
	o := Object{Endpoint: "https://s3.amazonaws.com", Bucket: "b", Key: "k"}
	versioned, upload := o, o
	versioned.Version, upload.Upload = "1", true
	got := Objects(placeholders, Stores{})
	if diff := cmp.Diff([]Object{o, versioned, upload}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
