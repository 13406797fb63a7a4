package main

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/time/rate"
)

// answers is an HTTP client that answers at once.
type answers struct{ n int }

// Do implements iot.HTTPClient.
func (a *answers) Do(*http.Request) (*http.Response, error) {
	a.n++
	return &http.Response{StatusCode: http.StatusOK}, nil
}

// An account gets no more requests a second than --rate says, repeated ones among them. R-MOV-10
func TestAccountRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &answers{}
		l := limited{a, rate.NewLimiter(usualRate, 1)}
		began := time.Now()
		for range 4*usualRate + 1 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://account", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Do(r); err != nil { //nolint:bodyclose // it has none
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 4*time.Second || a.n != 4*usualRate+1 {
			t.Errorf("%d requests took %v, want 4s", a.n, took)
		}
	})
}

// Endpoints of variables and profiles are the Drover's and not the account's; region and credentials
// are those of the account's profile. R-MOV-12
func TestAccountEndpoint(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "[profile prod]\nregion = eu-west-1\nendpoint_url = http://drover\n" +
		"aws_access_key_id = AKPROD\naws_secret_access_key = secret\n"
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{
		"HOME": home, "AWS_ENDPOINT_URL": "http://drover", "AWS_ACCESS_KEY_ID": "AKDROVER",
		"AWS_SECRET_ACCESS_KEY": "secret",
	}
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"--profile", "prod"}, ""},
		{[]string{"--profile", "prod", "--source-endpoint-url", "http://proxy"}, "http://proxy"},
	} {
		flags := flag.NewFlagSet("import aws", flag.ContinueOnError)
		a := newAccount(flags, "source")
		a.getenv = func(name string) string { return environment[name] }
		if err := flags.Parse(row.args); err != nil {
			t.Fatal(err)
		}
		c, err := a.client()
		if err != nil {
			t.Fatal(err)
		}
		o := c.Options()
		keys, err := o.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(o.BaseEndpoint); got != row.want || o.Region != "eu-west-1" ||
			keys.AccessKeyID != "AKPROD" || keys.CanExpire {
			t.Errorf("%v: endpoint %q, region %s, key %s", row.args, got, o.Region, keys.AccessKeyID)
		}
	}
}
