package jsoncheck

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// The mistakes that people make in JSON, with the place and the words of each (R-DOC-15).
var problems = []struct{ text, says string }{
	{`{"a":[1,-2.5e3,true,null,"\u00e9\n"]}`, ""},
	{" \n{}\t\r\n", ""},
	{`"x"`, ""},
	{"", "the text is empty"},
	{" \n", "the text is empty"},
	{"{", "at byte 1 (line 1, column 2): the text ends before its JSON value does"},
	{`{"a":"x`, "at byte 7 (line 1, column 8): the text ends before its JSON value does"},
	{`{"a":1,}`, "at byte 6 (line 1, column 7): a comma stands before '}'"},
	{"[1,\n 2,\n]", "at byte 6 (line 2, column 3): a comma stands before ']'"},
	{"{\n  // x\n \"a\":1}", "at byte 4 (line 2, column 3): JSON has no comments"},
	{"{} // x", "at byte 3 (line 1, column 4): JSON has no comments"},
	{`{"a":1 /* x */}`, "at byte 7 (line 1, column 8): JSON has no comments"},
	{"{\"a\":1, # x\n\"b\":2}", "at byte 8 (line 1, column 9): JSON has no comments"},
	{`{"a":NaN}`, "at byte 5 (line 1, column 6): JSON has no NaN"},
	{`{"a":nan}`, "at byte 5 (line 1, column 6): JSON has no nan"},
	{`{"a":-Infinity}`, "at byte 5 (line 1, column 6): JSON has no -Infinity"},
	{`{"a":None}`, "at byte 5 (line 1, column 6): JSON writes null for None"},
	{`{"a":True}`, "at byte 5 (line 1, column 6): JSON writes true for True"},
	{"\ufeff{}", "at byte 0 (line 1, column 1): a byte order mark is not JSON; save the text without one"},
	{"{}{}", "at byte 2 (line 1, column 3): the text goes on after its JSON value"},
	{"{}\n{}", "at byte 3 (line 2, column 1): the text goes on after its JSON value"},
	{"{}]", "at byte 2 (line 1, column 3): the text goes on after its JSON value"},
	{"{operation:reboot}", "at byte 1 (line 1, column 2): operation must stand in double quotes; " +
		"a shell removes those that are not quoted themselves"},
	{`{"a":reboot}`, "at byte 5 (line 1, column 6): reboot must stand in double quotes; " +
		"a shell removes those that are not quoted themselves"},
	{`{"a":` + strings.Repeat("é", 30) + `}`, "at byte 5 (line 1, column 6): " +
		strings.Repeat("é", 20) + "… must stand in double quotes; a shell removes those that are not " +
		"quoted themselves"},
	{"{'a':1}", "at byte 1 (line 1, column 2): texts stand in double quotes, not in single ones"},
	{`{“a”:1}`, "at byte 1 (line 1, column 2): texts stand in straight double quotes"},
	{`{"a" 1}`, "at byte 5 (line 1, column 6): a comma or colon is missing"},
	{`{"é" 1}`, "at byte 6 (line 1, column 6): a comma or colon is missing"},
	{`{"a":"x" "b":2}`, "at byte 9 (line 1, column 10): a comma or colon is missing"},
	{`[{} {}]`, "at byte 4 (line 1, column 5): a comma or colon is missing"},
	{`{"a":01}`, "at byte 5 (line 1, column 6): 01 is not written as JSON writes numbers"},
	{`{"a":.5}`, "at byte 5 (line 1, column 6): .5 is not written as JSON writes numbers"},
	{`[0x10]`, "at byte 1 (line 1, column 2): 0x10 is not written as JSON writes numbers"},
	{"{\"a\":\"x\ny\"}", "at byte 7 (line 1, column 8): a line end or control character inside a " +
		`string is written \n or \u00..`},
	{`{"a":"it\'s"}`, `at byte 9 (line 1, column 10): inside a string, '\' stands only before one of ` +
		`" \ / b f n r t u`},
	{`{"a":"\\\"\x"}`, `at byte 11 (line 1, column 12): inside a string, '\' stands only before one ` +
		`of " \ / b f n r t u`},
	{"{\"a\":\"\xff\"}", "at byte 6 (line 1, column 7): the bytes are not UTF-8"},
	{"{\"\ufffd\":\xff}", "at byte 7 (line 1, column 6): the bytes are not UTF-8"},
	{`{"a":1]`, "at byte 6 (line 1, column 7): invalid character ']' after object key:value pair"},
	{`{,}`, "at byte 1 (line 1, column 2): invalid character ',' looking for beginning of object key " +
		"string"},
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for _, tt := range problems {
		if got := Problem(tt.text); got != tt.says {
			t.Errorf("%q:\n%s\nwant\n%s", tt.text, got, tt.says)
		}
	}
}

// A text has no problem exactly when it is JSON in UTF-8, and a problem has its place in the text.
func FuzzProblem(f *testing.F) {
	for _, tt := range problems {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		says := Problem(text)
		if valid := json.Valid([]byte(text)) && utf8.ValidString(text); valid != (says == "") {
			t.Fatalf("%q: %q", text, says)
		}
		var place, line, column int
		n, _ := fmt.Sscanf(says, "at byte %d (line %d, column %d)", &place, &line, &column)
		if n == 3 && (place > len(text) || line > strings.Count(text, "\n")+1 || column < 1) {
			t.Errorf("%q: %s", text, says)
		}
	})
}
