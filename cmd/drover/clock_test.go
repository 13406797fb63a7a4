package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/endpoints"
)

// Options may stand before and after the words, with their values attached or not.
func TestSplitWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"":                                {"", ""},
		"advance 1h":                      {"advance 1h", ""},
		"advance 1h --data x":             {"advance 1h", "--data x"},
		"--data x advance 1h":             {"advance 1h", "--data x"},
		"--data=x next":                   {"next", "--data=x"},
		"--help next":                     {"next", "--help"},
		"-h next":                         {"next", "-h"},
		"set 2030-01-02T15:04:05Z --data": {"set 2030-01-02T15:04:05Z", "--data"},
	} {
		words, options := splitWords(strings.Fields(line))
		got := [2]string{strings.Join(words, " "), strings.Join(options, " ")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// What the words ask of the server; wrong words ask nothing.
func TestMoveClock(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                   "GET ",
		"advance 1d12h":                      `POST {"advance":"36h0m0s"}`,
		"set 2030-01-02T15:04:05Z":           `POST {"set":"2030-01-02T15:04:05Z"}`,
		"next":                               `POST {"next":true}`,
		"advance soon":                       "",
		"advance":                            "",
		"set tomorrow":                       "",
		"next 1h":                            "",
		"back":                               "",
		"set 2030-01-02T15:04:05Z and later": "",
	} {
		sent := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			sent = r.Method + " " + string(body)
			_ = json.NewEncoder(w).Encode(map[string]string{"now": "2030-01-01T00:00:00Z", "mode": "virtual"})
		}))
		got, err := moveClock(t.Context(), operator(endpoints.File{HTTP: server.URL}), strings.Fields(line))
		server.Close()
		if sent != want || (err == nil) != (want != "") {
			t.Errorf("%q: sent %q, %v; want %q", line, sent, err, want)
		}
		shown := client.Reading{Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Virtual: true}
		if err == nil && got != shown {
			t.Errorf("%q: %+v", line, got)
		}
	}
}
