package job

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What an address in a placeholder names, by the styles and the parsing cases of docs/spec/23,
// section 3, and what is no address of an S3 object (R-PRE-6 to R-PRE-10). In the column of what is
// named, @ parts the region from the host, and # the version from the key; a host with a bucket
// before it has it in brackets.
func TestPlaceholderObject(t *testing.T) {
	t.Parallel()
	const v0, v1, v2 = PresignedURL, PresignedURLv1, PresignedURLv2
	for _, tt := range []struct{ kind, address, want string }{ // "" is refused
		// The styles.
		{v0, "https://s3.amazonaws.com/b/k", "s3.amazonaws.com b k"},
		{v0, "https://s3.eu-west-1.amazonaws.com/b/k", "s3.eu-west-1.amazonaws.com@eu-west-1 b k"},
		{v0, "https://s3-us-west-2.amazonaws.com/b/k", "s3-us-west-2.amazonaws.com@us-west-2 b k"},
		{v0, "https://b.s3.amazonaws.com/k", "[b]s3.amazonaws.com b k"},
		{v0, "https://b.s3.eu-west-1.amazonaws.com/k",
			"[b]s3.eu-west-1.amazonaws.com@eu-west-1 b k"},
		{v0, "https://b.s3-us-west-2.amazonaws.com/k",
			"[b]s3-us-west-2.amazonaws.com@us-west-2 b k"},
		{v0, "https://s3.amazonaws.com.cn/b/k", "s3.amazonaws.com.cn b k"},
		{v0, "https://s3.cn-north-1.amazonaws.com.cn/b/k",
			"s3.cn-north-1.amazonaws.com.cn@cn-north-1 b k"},
		{v0, "https://s3.us-gov-west-1.amazonaws.com/b/k",
			"s3.us-gov-west-1.amazonaws.com@us-gov-west-1 b k"},
		{v0, "https://store.example:9000/b/k", "store.example:9000 b k"}, // see aStore
		{v0, "http://store.example:9000/b/k", "store.example:9000 b k"},
		{v0, "https://STORE.example:9000/b/a/k", "store.example:9000 b a/k"},

		// The parsing cases.
		{v1, "https://s3.amazonaws.com/b/fw.bin", "s3.amazonaws.com b fw.bin"}, // case 1
		{v1, "https://s3.eu-west-1.amazonaws.com/b/a/b c.bin",
			"s3.eu-west-1.amazonaws.com@eu-west-1 b a/b c.bin"},
		{v2, "https://s3.eu-west-1.amazonaws.com/b/a/b%20c.bin",
			"s3.eu-west-1.amazonaws.com@eu-west-1 b a/b c.bin"},
		{v2, "https://b.s3.us-west-2.amazonaws.com/k%3FversionId%3DabC1",
			"[b]s3.us-west-2.amazonaws.com@us-west-2 b k#abC1"},
		{v2, "https://s3.us-west-2.amazonaws.com/b/k%3FversionId%3DabC1",
			"s3.us-west-2.amazonaws.com@us-west-2 b k#abC1"},
		{v2, "https://my.dotted.bucket.s3.us-west-2.amazonaws.com/k",
			"[my.dotted.bucket]s3.us-west-2.amazonaws.com@us-west-2 my.dotted.bucket k"},
		{v2, "https://b.s3.cn-north-1.amazonaws.com.cn/k",
			"[b]s3.cn-north-1.amazonaws.com.cn@cn-north-1 b k"},
		{v0, "https://s3.eu-west-1.amazonaws.com/b", ""}, // case 8
		{v0, "https://example.com/b/k", ""},
		{v0, "http://s3.amazonaws.com/b/k", ""}, // case 10

		// Version 1 takes the key as it is, version 2 decodes it.
		{v1, "https://s3.eu-west-1.amazonaws.com/b/a/b%20c.bin",
			"s3.eu-west-1.amazonaws.com@eu-west-1 b a/b%20c.bin"},
		{v1, "https://s3.amazonaws.com/b/k?versionId=abC1",
			"s3.amazonaws.com b k?versionId=abC1"}, // R-PRE-9
		{v2, "https://s3.amazonaws.com/b/k?versionId=abC1", "s3.amazonaws.com b k#abC1"},
		{v2, "https://store.example:9000/b/a%20k?versionId=1", "store.example:9000 b a k#1"},
		{v2, "https://s3.amazonaws.com/b/%7Bk%7D", "s3.amazonaws.com b {k}"}, // R-PRE-10
		{v2, "https://s3.amazonaws.com/b%2Db/a+b", "s3.amazonaws.com b-b a+b"},
		{v0, "https://b.s3.amazonaws.com/k/", "[b]s3.amazonaws.com b k/"},
		{v0, "https://S3.Amazonaws.com/B/K", "s3.amazonaws.com B K"},
		{v0, "https://s3.amazonaws.com/b/" + strings.Repeat("k", MaxKeyBytes),
			"s3.amazonaws.com b " + strings.Repeat("k", MaxKeyBytes)}, // R-PRE-27
		{v0, "https://s3.amazonaws.com/b/" + strings.Repeat("k", MaxKeyBytes+1), ""},

		{v2, "https://s3.eu-west-1.amazonaws.com/b/", ""},
		{v0, "https://b.s3.amazonaws.com/", ""},
		{v0, "https://b.s3.amazonaws.com", ""},
		{v0, "https://store.example:9000/b", ""},
		{v0, "https://store.example:9000", ""},
		{v0, "https://store.example/b/k", ""},         // another port
		{v0, "ftp://store.example:9000/b/k", ""},      // another scheme
		{v0, "https://b.store.example:9000/k", ""},    // not path style
		{v0, "https://s3.amazonaws.com//k", ""},       // no bucket
		{v0, "https://s3.amazonaws.com/b b/k", ""},    // not the name of a bucket
		{v2, "https://s3.amazonaws.com/b/k%2", ""},    // not percent-encoded
		{v2, "https://s3.amazonaws.com/%zz/k", ""},    //
		{v2, "https://s3.amazonaws.com/%2E%2E/k", ""}, // not the name of a bucket
		{v2, "https://s3.amazonaws.com/b/?versionId=x", ""},
		{v2, "https://s3.amazonaws.com/b/k?versionId=", ""},
		{v0, "https://s3.amazonaws.com.evil.org/b/k", ""},
		{v0, "https://s3.example.amazonaws.com/b/k", ""},
		{v0, "https://s3.amazonaws.com:443/b/k", ""},
		{v0, "https://user@s3.amazonaws.com/b/k", ""},
		{v0, "s3://b/k", "store.example:9000 b k"}, // R-ART-13
		{v0, " https://s3.amazonaws.com/b/k", ""},
		{v0, "arn:aws:s3:::b/k", ""},
		{v0, "b/k", ""},
		{v0, "", ""},
	} {
		o, ok := Placeholder{tt.kind, tt.address}.object(aStore)
		if got := describeObject(o, ok); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.kind, tt.address, got, tt.want)
		}
		document := fmt.Sprintf(`{"url":"${aws:iot:%s:%s}"}`, tt.kind, tt.address)
		if _, err := CheckDocument(document, aStore, DefaultRequestLimits); (err == nil) != (tt.want != "") {
			t.Errorf("%s: %v", document, err)
		}
	}
	for _, address := range []string{
		"https://example.com/x", "http://store.example:9000/b/k", // case 9
	} {
		_, err := CheckDocument(`{"url":"${aws:iot:s3-presigned-url:`+address+`}"}`, "", DefaultRequestLimits)
		invalid(t, "refusal 4", err, fmt.Sprintf(
			"document: placeholder ${aws:iot:s3-presigned-url:…}: %q is not the address of an S3 "+
				"object, like https://s3.us-east-1.amazonaws.com/bucket/key", address))
	}
}

// aStore is the object store of these tests.
const aStore ObjectStore = "http://store.example:9000"

// describeObject is an object as the table of TestPlaceholderObject writes it.
func describeObject(o Object, ok bool) string {
	if !ok {
		return ""
	}
	_, text, _ := strings.Cut(o.Endpoint, "://")
	if o.BucketInHost {
		text = "[" + o.Bucket + "]" + text
	}
	if o.Region != "" {
		text += "@" + o.Region
	}
	text += " " + o.Bucket + " " + o.Key
	if o.Version != "" {
		text += "#" + o.Version
	}
	return text
}

// What can be the endpoint of an object store (R-PRE-14).
func TestParseObjectStore(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ObjectStore{
		"http://127.0.0.1:9000":     "http://127.0.0.1:9000",
		"https://Store.Example/":    "https://store.example",
		"http://[::1]:9000":         "http://[::1]:9000",
		"http://store.example:80":   "http://store.example",
		"http://store.example:":     "http://store.example",
		"https://store.example:443": "https://store.example",
		"https://store.example:80":  "https://store.example:80",
		"":                          "",
		"store.example":             "",
		"store.example:9000":        "",
		"s3://store":                "",
		"http://":                   "",
		"http://:9000":              "",
		"http://user@store":         "",
		"http://store/path":         "",
		"http://store?a=b":          "",
		"http://store#a":            "",
		"http://store:port":         "",
		"http://store\n":            "",
	} {
		got, err := ParseObjectStore(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}

// Each placeholder of a document becomes what is signed for its object, or nothing is delivered.
func TestDeliver(t *testing.T) {
	t.Parallel()
	sign := func(o Object) (string, error) {
		if o.Key == "unsigned" {
			return "", errors.New("no credential")
		}
		return "https://" + o.Bucket + "/" + o.Key + "?a&b", nil
	}
	for _, tt := range []struct{ name, document, want string }{
		{"R-PRE-1 in several places, R-SUB-2",
			`{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/1}", "n": 1.0,` +
				`"c":["x ${aws:iot:s3-presigned-url-v2:https://b.s3.amazonaws.com/2%20} y"]}`,
			`{"a":"https://b/1?a&b", "n": 1.0,"c":["x https://b/2 ?a&b y"]}`},
		{"R-SUB-3 escaped for its place",
			`{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/\"}"}`,
			`{"a":"https://b/\"?a&b"}`},
		{"R-PRE-6 in the server's own store",
			`{"a":"${aws:iot:s3-presigned-url:http://store.example:9000/b/k}"}`,
			`{"a":"https://b/k?a&b"}`},
		{"R-DOC-9 other text", `{"a":"${thingName} ${other}"}`, `{"a":"${thingName} ${other}"}`},
		{"R-PRE-12 another store",
			`{"a":"${aws:iot:s3-presigned-url:http://gone.example/b/k}"}`, ""},
		{"R-PRE-12 a credential that fails",
			`{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/unsigned}"}`, ""},
	} {
		got, err := Deliver(tt.document, Stores{Own: aStore}, Delivery{}, sign)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

// The lifetime of the URLs is what the configuration says at the time of a delivery; without
// placeholders there is none.
func TestURLLifetime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		needs  bool
		config *PresignedURLConfig
		want   time.Duration
	}{
		{"R-PRE-2 the default", true, &PresignedURLConfig{RoleARN: "r"}, time.Hour},
		{"R-PRE-2 the least", true, &PresignedURLConfig{ExpiresInSec: 60}, time.Minute},
		{"R-PRE-2 the most", true, &PresignedURLConfig{ExpiresInSec: 3600}, time.Hour},
		{"R-PRE-2 no configuration", true, nil, time.Hour},
		{"R-DOC-10 no placeholder", false, &PresignedURLConfig{ExpiresInSec: 60}, 0},
	} {
		d := Definition{NeedsRole: tt.needs, PresignedURL: tt.config}
		if got := d.URLLifetime(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got, tt.want)
		}
	}
}
