package job

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// What a document may be (R-VAL-10, R-VAL-11, R-DOC-1, R-LIM-3, worked validation cases 19 and 20;
// R-SUB-4 to R-SUB-7, R-SUB-9, R-SUB-11, R-DOC-9, R-LIM-20). What is wrong inside the text is named
// InvalidJobDocument (R-ERR-8).
func TestCheckDocument(t *testing.T) {
	t.Parallel()
	sized := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	url := `${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/b/k}`
	tests := []struct {
		name, text string
		found      int // placeholders; -1: refused
	}{
		{"object", `{"a":1}`, 0},
		{"blanks before", " \n{}", 0},
		{"32768 bytes", sized(32768), 0},
		{"32769 bytes", sized(32769), -1},
		{"32768 bytes in fewer characters", `{"a":"` + strings.Repeat("é", (32768-8)/2) + `"}`, 0},
		{"32770 bytes in fewer characters", `{"a":"` + strings.Repeat("é", (32770-8)/2) + `"}`, -1},
		{"array", `[]`, -1},
		{"string", `"x"`, -1},
		{"number", `1`, -1},
		{"empty", ``, -1},
		{"cut off", `{`, -1},
		{"comma at the end", `{"a":1,}`, -1},
		{"comment", "{} // x", -1},
		{"NaN", `{"a":NaN}`, -1},
		{"byte order mark", "\ufeff{}", -1},
		{"two objects", `{}{}`, -1},
		{"no quotes", `{a:1}`, -1},
		{"not UTF-8", "{\"a\":\"\xff\"}", -1},
		{"other placeholder syntax", `{"a":"${thingName} $${x}"}`, 0},
		{"presigned", `{"a":"` + url + `"}`, 1},
		{"two in one string", `{"a":"` + url + ` ` + url + `"}`, 2},
		{"in a member name", `{"` + url + `":"x"}`, 0},
		{"unterminated", `{"a":"${aws:iot:s3-presigned-url:x"}`, -1},
		{"unknown kind", `{"a":"${aws:iot:s3-url:x}"}`, -1},
		{"unknown family", `{"a":"${aws:x}"}`, -1},
		{"nested", `{"a":"${aws:iot:s3-presigned-url:https://x/${aws:iot:parameter:p}}"}`, -1},
		{"package", `{"a":"${aws:iot:package:p:version:v:attributes}"}`, -1},
		{"signature", `{"a":"${aws:iot:code-sign-signature:s3://eu-west-1.b/k@1}"}`, -1},
		{"10 placeholders", `{"a":"` + strings.Repeat(url, 10) + `"}`, 10},
		{"11 placeholders", `{"a":"` + strings.Repeat(url, 11) + `"}`, -1},
	}
	for _, tt := range tests {
		found, err := CheckDocument(tt.text, "", DefaultRequestLimits)
		switch {
		case tt.found < 0 && !fault.Is(err, fault.Invalid):
			t.Errorf("%s: %v, want Invalid", tt.name, err)
		case tt.found < 0 && len(tt.text) <= DefaultRequestLimits.DocumentBytes &&
			!strings.HasPrefix(fault.Of(err).Message, "InvalidJobDocument: "):
			t.Errorf("%s: %v does not begin with the finer name (R-ERR-8)", tt.name, err)
		case tt.found >= 0 && (err != nil || len(found) != tt.found):
			t.Errorf("%s: %d placeholders, %v, want %d", tt.name, len(found), err, tt.found)
		}
	}
}

// Everything but placeholders stays byte for byte (R-DOC-8); values are escaped for their place
// (R-SUB-3).
func TestResolve(t *testing.T) {
	t.Parallel()
	text := `{ "n": 1.50, "é\u00e9": "a\/b", "u" : "x ${aws:iot:s3-presigned-url:https://h/b/k} y", "z":[ ] }`
	got, err := Resolve(text, func(p Placeholder) (string, error) {
		return "<" + p.Kind + "|" + p.Argument + `"&>`, nil
	})
	want := `{ "n": 1.50, "é\u00e9": "a\/b", "u" : "x <s3-presigned-url|https://h/b/k\"&> y", "z":[ ] }`
	if err != nil || got != want {
		t.Errorf("got  %s\nwant %s\n%v", got, want, err)
	}
}

// What is wrong with a document that is no JSON object, and where (R-DOC-15).
func TestDocumentSays(t *testing.T) {
	t.Parallel()
	const member = "InvalidJobDocument: document: must be a JSON object"
	for _, tt := range []struct{ text, says string }{
		{"", "; the text is empty"},
		{"{\n  \"a\": 1,\n}", "; at byte 10 (line 2, column 9): a comma stands before '}'"},
		{"{operation:reboot}", "; at byte 1 (line 1, column 2): operation must stand in double " +
			"quotes; a shell removes those that are not quoted themselves"},
		{"[{}]", ", and is another JSON value"},
		{`"{}"`, ", and is another JSON value"},
	} {
		_, err := CheckDocument(tt.text, "", DefaultRequestLimits)
		invalid(t, tt.text, err, member+tt.says)
	}
}

func FuzzResolve(f *testing.F) {
	f.Add(`{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`)
	f.Add(`{"a\"b":["\\","${aws:"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := CheckDocument(text, "", DefaultRequestLimits); err != nil {
			return
		}
		same, err := Resolve(text, func(p Placeholder) (string,
			error) {
			return "${aws:iot:" + p.Kind + ":" + p.Argument + "}", nil
		})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if _, err := CheckDocument(same, "", DefaultRequestLimits); err != nil {
			t.Fatalf("%q became %q: %v", text, same, err)
		}
	})
}

// A string ends at the first quote that is not escaped: what stands behind an escaped one still
// belongs to it, and what stands behind an escaped backslash does not (R-SUB-2, R-SUB-3, R-DOC-8).
func TestResolveEscapes(t *testing.T) {
	t.Parallel()
	const url = "${aws:iot:s3-presigned-url:u}"
	for _, tt := range []struct{ name, text, want string }{
		{"behind an escaped quote", `{"a":"\"` + url + `"}`, `{"a":"\"V"}`},
		{"between escaped quotes", `{"a":"\"` + url + `\"","b":1}`, `{"a":"\"V\"","b":1}`},
		{"behind a string that ends in a backslash", `{"a":"\\","b":"` + url + `"}`,
			`{"a":"\\","b":"V"}`},
		{"behind a name with an escaped quote", `{"a\"":"` + url + `"}`, `{"a\"":"V"}`},
		{"an escaped quote and a colon in a value", `{"a":"x\":` + url + `"}`, `{"a":"x\":V"}`},
		{"a name that would be one", `{"\"` + url + `" :1}`, `{"\"` + url + `" :1}`},
		{"an empty string before it", `["","` + url + `"]`, `["","V"]`},
		{"a string without one stays as written", `["\u0041\/","` + url + `"]`, `["\u0041\/","V"]`},
	} {
		got, err := Resolve(tt.text, func(Placeholder) (string, error) { return "V", nil })
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}
