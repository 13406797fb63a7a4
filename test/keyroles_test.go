package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// The roles of operator keys from outside, and sessions of browsers.

// TestKeyRoles makes keys of each role, and does with them what they may and may not do.
func TestKeyRoles(t *testing.T) { // R-WEB-1, R-WEB-2, R-WEB-3
	t.Parallel()
	s := serve(t)
	viewer := madeKey(t, keys(s.Server, "create", "--name", "screen", "--role", "viewer"))
	operator := madeKey(t, keys(s.Server, "create", "--name", "ci", "--role", "operator"))
	admin := madeKey(t, keys(s.Server, "create", "--name", "boss"))
	device := madeKey(t, keys(s.Server, "create", "--name", "pump", "--role", "device", "--policy", "jobs", "--policy", "extra"))
	line := func(key aws.Credentials) commandLine { return (&server{Server: as(s.Server, key)}).line(t) }
	line(operator).ok("iot", "create-thing", "--thing-name", "pump-07")
	for _, key := range []aws.Credentials{viewer, operator, admin} {
		wantText(t, line(key).ok("iot", "list-things"), "pump-07")
	}
	line(viewer).refused("AccessDeniedException", "iot", "create-thing", "--thing-name", "pump-08")
	line(device).refused("AccessDeniedException", "iot", "list-things")
	line(operator).refused("AccessDeniedException", "iot", "create-keys-and-certificate")
	line(admin).ok("iot", "create-keys-and-certificate")
	_, problem, _ := line(viewer).run("iot", "create-job", "--job-id", "fw", "--targets",
		s.ARN("thing", "pump-07"), "--document", "{}")
	wantText(t, problem, "the key screen has the role viewer; CreateJob needs operator",
		"drover keys create --role")

	list := strings.Split(keys(s.Server, "list"), "\n")
	for i, want := range []string{
		"ROLE NAME POLICIES", "admin operator", "viewer screen", "operator ci", "admin boss", "device pump jobs, extra",
	} {
		if got := strings.Join(strings.Fields(list[i])[2:], " "); got != want {
			t.Errorf("line %d of the list is %q, want that it ends with %q", i+1, list[i], want)
		}
	}
	c := keysLine(s.Server)
	out, problem, status := c.run("keys", "create", "--data", s.Dir, "--role", "root")
	if status == 0 || out != "" || !strings.Contains(problem, `--role: the role "root" does not exist`) {
		t.Errorf("--role root: status %d, %s%s", status, out, problem)
	}
	out, problem, status = c.run("keys", "create", "--data", s.Dir, "--role", "device")
	if status == 0 || out != "" || !strings.Contains(problem, "--role: a device needs --policy") {
		t.Errorf("--role device: status %d, %s%s", status, out, problem)
	}
}

// TestConsoleSession signs in as a browser does, changes something, and is found in the audit log by
// its key. Where a key is deleted its sessions end.
func TestConsoleSession(t *testing.T) { // R-WEB-7, R-WEB-10, R-WEB-12
	t.Parallel()
	s := serve(t)
	key := madeKey(t, keys(s.Server, "create", "--name", "anna", "--role", "operator"))
	jar := must[*cookiejar.Jar](t)(cookiejar.New(nil))
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	ask := func(method, path, body string) string {
		t.Helper()
		r := must[*http.Request](t)(
			http.NewRequestWithContext(t.Context(), method, s.HTTP+path, strings.NewReader(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", s.HTTP)
		response := must[*http.Response](t)(browser.Do(r))
		defer response.Body.Close()
		return fmt.Sprintf("%d %s", response.StatusCode, must[[]byte](t)(io.ReadAll(response.Body)))
	}
	const session = "/_drover/console/session"
	if got := ask("GET", session, ""); got != "204 " {
		t.Errorf("before: %s", got)
	}
	pair := must[[]byte](t)(json.Marshal(map[string]string{
		"accessKeyId": key.AccessKeyID, "secretAccessKey": key.SecretAccessKey,
	}))
	wantText(t, ask("POST", session, string(pair)), "200 ", `"name":"anna","role":"operator"`,
		`"account":"`+s.Account+`"`, `"clock":"real"`)
	wantText(t, ask("GET", session, ""), "200 ", key.AccessKeyID)
	wantText(t, ask("POST", "/things/pump-07", "{}"), "200 ")
	wantText(t, ask("POST", "/policies/all", "{}"), "403 ", "CreatePolicy needs admin")
	wantText(t, ask("GET", "/_drover/clock", ""), "200 ", `"real"`)
	wantText(t, ask("POST", "/_drover/clock", `{"next":true}`), "403 ", "needs admin")
	wantText(t, ask("GET", "/_drover/audit?maxResults=1", ""), "200 ", `"CreateThing"`, key.AccessKeyID)

	keys(s.Server, "delete", key.AccessKeyID)
	wantText(t, ask("GET", "/things", ""), "401 ")
	wantText(t, ask("GET", session, ""), "204 ") // and the cookie is removed
	wantText(t, ask("GET", "/things", ""), "403 ", "not signed")
	wantText(t, ask("DELETE", session, ""), "204 ")
	if _, err := s.Control().DescribeThing(t.Context(), &iot.DescribeThingInput{ThingName: aws.String("pump-07")}); err != nil {
		t.Error(err)
	}
}
