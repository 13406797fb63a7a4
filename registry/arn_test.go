package registry

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// ARNs of things and groups, whose names may hold ':' (R-CON-2, R-CON-3, R-CON-9).
func TestParseARN(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ARN{
		"arn:aws:iot:us-east-1:000000000000:thing/pump-07": {"aws", "us-east-1", "000000000000",
			"thing", "pump-07"},
		"arn:aws:iot:us-east-1:000000000000:thing/a:b:c": {"aws", "us-east-1", "000000000000",
			"thing", "a:b:c"},
		"arn:aws-cn:iot:cn-north-1:1:thinggroup/g": {"aws-cn", "cn-north-1", "1",
			"thinggroup", "g"},
		"arn:aws:iot:us-east-1:000000000000:topic/a/b": {"aws", "us-east-1", "000000000000",
			"topic", "a/b"},
		"arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0": {"aws", "us-east-1", "", "jobtemplate",
			"AWS-Reboot:1.0"},
	} {
		got, ok := ParseARN(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "arn", "arn:aws:iot:r:a", "arn:aws:s3:r:a:thing/x", "arn:aws:iot:r:a:thing",
		"arn:aws:iot:r:a:/x", "arn:aws:iot:r:a:thing/", "x:aws:iot:r:a:thing/x",
		"arn::iot:r:a:thing/x", "aws:iot:us-east-1:000000000000:thing/x",
	} {
		if got, ok := ParseARN(text); ok {
			t.Errorf("%q is %+v, want none", text, got)
		}
	}
}

// An ARN is this server's only with its partition, region and account (R-CON-8, R-ID-2).
func TestScope(t *testing.T) {
	t.Parallel()
	if got := DefaultScope.ARN(KindThing, "t"); got != "arn:aws:iot:us-east-1:000000000000:thing/t" {
		t.Errorf("without settings: %s", got)
	}
	for _, tt := range []struct {
		text    string
		relaxed bool
		ok      bool
	}{
		{DefaultScope.ARN(KindThing, "t"), false, true},
		{"arn:aws:iot:eu-west-1:000000000000:thing/t", false, false},
		{"arn:aws:iot:us-east-1:123456789012:thing/t", false, false},
		{"arn:aws-cn:iot:us-east-1:000000000000:thing/t", true, false},
		{"arn:aws:iot:eu-west-1:123456789012:thing/t", true, true},
		{DefaultScope.ARN(KindPolicy, "t"), false, false},
		{"t", false, false},
	} {
		scope := DefaultScope
		scope.Relaxed = tt.relaxed
		arn, err := scope.Parse("target", tt.text, KindThing, KindGroup)
		if (err == nil) != tt.ok || tt.ok && arn.Name != "t" {
			t.Errorf("%s relaxed %v: %+v, %v", tt.text, tt.relaxed, arn, err)
		}
		if f := fault.Of(err); !tt.ok &&
			(f == nil || f.Code != fault.Invalid || !strings.Contains(f.Message, "target")) {
			t.Errorf("%s: %v, want Invalid that names the member", tt.text, err)
		}
	}
}

// Attributes after an update (R-ID-6, R-ID-53).
func TestMergeAttributes(t *testing.T) {
	t.Parallel()
	stored := map[string]string{"a": "1", "b": "2"}
	for _, tt := range []struct {
		given map[string]string
		merge bool
		want  string
	}{
		{map[string]string{"c": "3"}, false, "c=3"},
		{map[string]string{"c": "3"}, true, "a=1 b=2 c=3"},
		{map[string]string{"a": ""}, true, "b=2"},
		{map[string]string{"a": "", "c": "3"}, false, "c=3"},
	} {
		after := MergeAttributes(stored, tt.given, tt.merge)
		var parts []string
		for _, name := range []string{"a", "b", "c"} {
			if v, ok := after[name]; ok {
				parts = append(parts, name+"="+v)
			}
		}
		if got := strings.Join(parts, " "); got != tt.want {
			t.Errorf("%v merge %v: %s, want %s", tt.given, tt.merge, got, tt.want)
		}
	}
}

func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:iot:us-east-1:000000000000:thing/a:b")
	f.Add("arn:aws:iot:::thing//")
	f.Fuzz(func(t *testing.T, text string) {
		arn, ok := ParseARN(text)
		if !ok {
			return
		}
		if arn.String() != text {
			t.Fatalf("%q reads as %+v, which writes as %q", text, arn, arn.String())
		}
	})
}
