package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// Five items in pages of two (R-CMD-91 to R-CMD-97).
func TestPaging(t *testing.T) {
	t.Parallel()
	pages := []answer{
		{200, "", `{"jobs":[{"jobId":"a"},{"jobId":"b"}],"nextToken":"t2"}`},
		{200, "", `{"jobs":[{"jobId":"c"},{"jobId":"d"}],"nextToken":"t4"}`},
		{200, "", `{"jobs":[{"jobId":"e"}]}`},
	}
	for _, tt := range []struct {
		words    string
		want     string
		requests int
	}{
		{"--query jobs[].jobId", `["a","b","c","d","e"]`, 3},
		{"--max-items 3", `{"jobs":[{"jobId":"a"},{"jobId":"b"},{"jobId":"c"}],"NextToken":"eyJuZXh0VG9rZW4iOiAidDIiLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="}`, 2},
		{"--max-items 2", `{"jobs":[{"jobId":"a"},{"jobId":"b"}],"NextToken":"eyJuZXh0VG9rZW4iOiAidDIifQ=="}`, 1},
		{"--max-items 1", `{"jobs":[{"jobId":"a"}],"NextToken":"eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="}`, 1},
		{"--max-items 5 --query length(jobs)", `5`, 3},
		{"--max-items 99999999999999999999 --query length(jobs)", `5`, 3},
		{"--no-paginate", `{"jobs":[{"jobId":"a"},{"jobId":"b"}],"nextToken":"t2"}`, 1},
		{"--max-results 2", `{"jobs":[{"jobId":"a"},{"jobId":"b"}],"nextToken":"t2"}`, 1},
	} {
		r := record(t, pages...)
		got := call1(t, r.environment(t), "", append([]string{"iot", "list-jobs"}, strings.Fields(tt.words)...)...)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got.out)); err != nil || compact.String() != tt.want || len(r.sent) != tt.requests {
			t.Errorf("%s: %s after %d requests, want %s after %d\n%s", tt.words, compact.String(), len(r.sent), tt.want, tt.requests, got.problem)
		}
	}
	for _, tt := range []struct{ token, first, shown string }{ // R-CMD-93
		{"eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==", "GET /jobs", `["b"]`},
		{"t2___1", "GET /jobs?nextToken=t2", `["b"]`},
		{"None___1", "GET /jobs", `["b"]`},
		{"own", "GET /jobs?nextToken=own", `["a","b"]`},
		{"", "GET /jobs?nextToken=", `["a","b"]`},
	} {
		r := record(t, answer{200, "", `{"jobs":[{"jobId":"a"},{"jobId":"b"}]}`})
		got := call1(t, r.environment(t), "", "iot", "list-jobs", "--query", "jobs[].jobId", "--starting-token="+tt.token)
		if shown := strings.Join(strings.Fields(got.out), ""); r.sent[0] != tt.first || shown != tt.shown {
			t.Errorf("--starting-token %q: %v shows %s, want %s, %s\n%s", tt.token, r.sent, shown, tt.first, tt.shown, got.problem)
		}
	}
	for _, tt := range []struct {
		rule, words string
		answers     []answer
		out, says   string
	}{
		{"R-CMD-71", "", []answer{{200, "", "{}"}}, "", ""},
		{"R-CMD-91 twice", "", []answer{pages[0]}, "", "Error during pagination: The same next token was received twice: t2"},
		{"R-CMD-91 later error", "", []answer{pages[0], {400, "InvalidRequestException", "{}"}}, "", "An error occurred (InvalidRequestException)"},
		{"R-CMD-91 later error, text", "--output text", []answer{pages[0], {400, "InvalidRequestException", "{}"}}, "JOBS\ta\nJOBS\tb\n", "An error occurred"},
		{"R-CMD-92 none", "--max-items 0 --query jobs", pages, "[]\n", "warning: Non-positive values for --max-items"},
		{"R-CMD-97", "--output text --query jobs[].jobId --max-items 3", pages, "a\tb\nc\nNEXTTOKEN\teyJuZXh0VG9rZW4iOiAidDIiLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==\n", ""},
	} {
		r := record(t, tt.answers...)
		got := call1(t, r.environment(t), "", append([]string{"iot", "list-jobs"}, strings.Fields(tt.words)...)...)
		if got.out != tt.out || !strings.Contains(got.problem, tt.says) || tt.says == "" && got.problem != "" {
			t.Errorf("%s: list-jobs %s: %+v\nwant %q, %q", tt.rule, tt.words, got, tt.out, tt.says)
		}
	}
	r := record(t, pages[1])
	call1(t, r.environment(t), "", "iot", "list-jobs", "--page-size", "2", "--max-items", "1", "--starting-token", "eyJuZXh0VG9rZW4iOiAidDIiLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==")
	if r.sent[0] != "GET /jobs?maxResults=2&nextToken=t2" {
		t.Errorf("resumed with %s", r.sent[0])
	}
}
