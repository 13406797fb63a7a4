package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A device of the demonstration accepts the file of the job, and nothing else.
func TestDownload(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, "the firmware")
	}))
	defer server.Close()
	sum := sha256.Sum256([]byte("the firmware"))
	right := hex.EncodeToString(sum[:])
	for _, tt := range []struct {
		address, sum string
		ok           bool
	}{
		{server.URL + "/fw", right, true},
		{server.URL + "/fw", "00" + right[2:], false},
		{server.URL + "/fw", "", false},
		{server.URL + "/refused", right, false},
		{"http://127.0.0.1:1/fw", right, false},
		{"", right, false},
	} {
		if err := download(t.Context(), tt.address, tt.sum); (err == nil) != tt.ok {
			t.Errorf("%s with %s: %v", tt.address, tt.sum, err)
		}
	}
}
