package jmespath_test

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/value"
)

const answer = `{"job":{"status":"IN_PROGRESS","jobId":"j","percent":100.0,"count":9,"big":12345678901234567890,
	"targets":["b","a"],"rows":[{"z":1,"a":2}],"same":[1,1.0]}}`

// What an expression gives, with the order of keys and the text of numbers (R-CMD-89).
func TestApply(t *testing.T) {
	t.Parallel()
	v, err := value.ParseJSON(answer)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`job.rows[0]`:                         `{"z":1,"a":2}`,
		`job.{b:jobId,a:status}`:              `{"b":"j","a":"IN_PROGRESS"}`,
		`job.{a:status,b:jobId}`:              `{"a":"IN_PROGRESS","b":"j"}`,
		`job.{"x-y":jobId, a :rows[0]}`:       `{"x-y":"j","a":{"z":1,"a":2}}`,
		`job.{b:'a:', a:` + "`\"z:1\"`" + `}`: `{"b":"a:","a":"z:1"}`,
		`job.[percent,count]`:                 `[100.0,9]`,
		`length(job.targets)`:                 `2`,
		"sum([job.count,`0.5`])":              `9.5`,
		`job.big`:                             `12345678901234567890`,
		`job.same`:                            `[1,1.0]`,
		`job.nope`:                            `null`,
		`job.targets[-1]`:                     `"a"`,
		`job.nope || job.jobId`:               `"j"`,
	} {
		q, err := jmespath.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := q.Apply(v)
		if said := string(value.AppendJSON(nil, got, "", "")); err != nil || said != want {
			t.Errorf("%s: %s, %v; want %s", text, said, err, want)
		}
	}
	if got, err := (*jmespath.Query)(nil).Apply(v); err != nil || got != v {
		t.Errorf("no query: %v, %v", got, err)
	}
}

// A bad expression is refused with its place; one that fails when it runs is an error then.
func TestErrors(t *testing.T) {
	t.Parallel()
	bad := []string{"bad[", "", "a.", "a b", "@()", "`a", "'a", `"a`, "a = b", "ä"}
	for _, text := range bad {
		_, err := jmespath.Compile(text)
		if err == nil || text != "" && !strings.Contains(err.Error(), "^") {
			t.Errorf("%q: %v", text, err)
		}
	}
	fails := []string{"abs(jobId)", "nothing(@)", "[jobId][::0]", "&jobId", "{a:&jobId}"}
	for _, text := range fails {
		q, err := jmespath.Compile(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, err := q.Apply(&value.Object{Fields: []value.Field{{Key: "jobId", Value: "j"}}}); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// The place of a syntax error is marked by character, not by byte.
func TestPlace(t *testing.T) {
	t.Parallel()
	_, err := jmespath.Compile("'ä' ab c")
	want := "Unexpected a name\n'ä' ab c\n    ^"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// An expression is compiled or refused, and a compiled one ends, whatever it is.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{`job.{b:jobId,"a":status}`, `job.rows[?z>` + "`0`" + `].a`, `sort(job.targets)`, `@()`} {
		f.Add(text)
	}
	v, err := value.ParseJSON(answer)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := jmespath.Compile(text)
		if err != nil {
			return
		}
		if got, err := q.Apply(v); err == nil {
			if _, err := value.ParseJSON(string(value.AppendJSON(nil, got, "", ""))); err != nil {
				t.Errorf("%q gives %v: %v", text, got, err)
			}
		}
	})
}
