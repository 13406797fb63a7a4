package settings_test

import (
	"crypto/sha1" //nolint:gosec // names a file, as the aws command line does
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/cli/settings"
)

// giver is a server that gives out credentials as STS, single sign-on, a container and an instance
// do. The key that it gives says for what it was asked, and who signed.
type giver struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

// newGiver starts a server.
func newGiver(t *testing.T) *giver {
	g := &giver{}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

// signedBy matches the key in a signature.
var signedBy = regexp.MustCompile(`Credential=([^/]+)/`)

// ServeHTTP answers.
func (g *giver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	expires := time.Now().Add(time.Hour).UTC()
	what := strings.TrimPrefix(r.URL.Path, "/")
	defer func() { g.asked = append(g.asked, what) }()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/":
		what = g.token(w, r, expires)
	case r.URL.Path == "/federation/credentials":
		bearer := r.Header.Get("X-Amz-Sso_bearer_token")
		if bearer == "REVOKED" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"AK-%s-%s-%s","secretAccessKey":"s","sessionToken":"t","expiration":%d}}`,
			r.URL.Query().Get("role_name"), r.URL.Query().Get("account_id"), bearer, expires.UnixMilli())
	case r.URL.Path == "/token":
		fmt.Fprint(w, `{"accessToken":"NEW","refreshToken":"next","expiresIn":3600}`)
	case r.URL.Path == "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
		fmt.Fprint(w, "session")
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
		fmt.Fprint(w, "instance-role")
	default: // an instance, and a container
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"AK-%s-%s%s","SecretAccessKey":"s","Token":"t","Expiration":%q}`,
			filepath.Base(r.URL.Path), r.Header.Get("Authorization"), r.Header.Get("X-Aws-Ec2-Metadata-Token"), expires.Format(time.RFC3339))
	}
}

// token answers as the token service does, and returns what it was asked.
func (g *giver) token(w http.ResponseWriter, r *http.Request, expires time.Time) string {
	_ = r.ParseForm()
	action, role := r.Form.Get("Action"), r.Form.Get("RoleArn")
	if role == "denied" || r.Form.Get("WebIdentityToken") == "denied" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`)
		return action
	}
	by := r.Form.Get("WebIdentityToken")
	if found := signedBy.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		by = found[1]
	}
	fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%[2]s-by-%[3]s</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`+
		`<SessionToken>t</SessionToken><Expiration>%[4]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, role, by, expires.Format(time.RFC3339))
	var said []string
	for name, values := range r.Form {
		if !slices.Contains([]string{"Action", "Version", "RoleArn", "WebIdentityToken"}, name) && !strings.HasPrefix(values[0], "drover-session-") {
			said = append(said, name+"="+values[0])
		}
	}
	slices.Sort(said)
	return strings.Join(append([]string{action, role}, said...), " ")
}

// take returns what was asked since the last time.
func (g *giver) take() (asked []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked, g.asked = g.asked, nil
	return asked
}

// home makes a home folder with a config file and, by their names, more files below ~/.aws. SERVER
// stands for the address of the server, HOME for the folder.
func (g *giver) home(t *testing.T, config string, files map[string]string) string {
	t.Helper()
	home := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(home, ".aws", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("SERVER", g.URL, "HOME", home).Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config", config)
	for name, text := range files {
		write(name, text)
	}
	return home
}

// signOnFile is the name of the file with the token of a session.
func signOnFile(session string) string {
	sum := sha1.Sum([]byte(session)) //nolint:gosec // as above
	return "sso/cache/" + hex.EncodeToString(sum[:]) + ".json"
}

// in are sources with a home folder, an endpoint, and the services of the server.
func (g *giver) in(t *testing.T, home, vars, options string) settings.Sources {
	t.Helper()
	vars = strings.NewReplacer("SERVER", g.URL, "HOME", home).Replace(vars)
	from := sources(t, "AWS_ENDPOINT_URL_IOT_JOBS_DATA_PLANE=http://h AWS_MAX_ATTEMPTS=1 HOME="+home+" "+vars, options)
	get := from.Getenv
	from.Getenv = func(name string) string {
		if text := get(name); text != "" || name != "AWS_EC2_METADATA_DISABLED" {
			return text
		}
		return "true"
	}
	return from
}
