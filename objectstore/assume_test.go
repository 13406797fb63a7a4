package objectstore

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokenService is a token service on loopback, which gives out one key after another: K1, K2, …
// They are valid for an hour by a clock that the test moves. It refuses while refuse is set.
type tokenService struct {
	*httptest.Server
	mu     sync.Mutex
	now    time.Time
	refuse bool
	asked  []string // the roles
}

func newTokenService(t *testing.T) *tokenService {
	s := &tokenService{now: time.Now()}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *tokenService) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *tokenService) advance(d time.Duration, refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.refuse = s.now.Add(d), refuse
}

func (s *tokenService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.FormValue("RoleArn"))
	if s.refuse || r.FormValue("Action") != "AssumeRole" ||
		!strings.Contains(r.Header.Get("Authorization"), "Credential=DEFAULT/") {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials>`+
		`<AccessKeyId>K%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`+
		`<SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		len(s.asked), s.now.Add(time.Hour).UTC().Format(time.RFC3339))
}

// assume makes the attempts that are due, and waits for them.
func (r *Roles) assume(t *testing.T) {
	r.refresh(t.Context())
	r.assumed.attempts.Wait()
}

// A role that is assumed has a credential before anybody asks for it, and a new one in time; a
// delivery waits for neither (R-ART-2, R-PRE-12). While the token service fails, the one that there
// is signs until it expires.
func TestAssumedRole(t *testing.T) {
	t.Parallel()
	s := newTokenService(t)
	r := newRoles(t, `{"`+firmware+`":{"assumeRole":true,"stsEndpoint":"`+s.URL+`"}}`,
		func(c *RolesConfig) { c.Now = s.Now })
	if got, want := key(r, firmware), "role "+firmware+" is being assumed"; got != want {
		t.Errorf("at the start: %s, want %s", got, want)
	}
	for _, step := range []struct {
		after  time.Duration
		refuse bool
		want   string
	}{
		{0, false, "K1"},
		{29 * time.Minute, false, "K1"},
		{time.Minute, true, "K1"}, // half of its time is over
		{5 * time.Second, true, "K1"},
		{5 * time.Second, false, "K3"}, // ten seconds after the attempt that failed
		{30 * time.Minute, true, "K3"},
		{30 * time.Minute, true, "cannot be assumed"},
	} {
		s.advance(step.after, step.refuse)
		r.assume(t)
		if got := key(r, firmware); !strings.Contains(got, step.want) {
			t.Errorf("%s later: %s, want %s", step.after, got, step.want)
		}
	}
}

// With "*" each role is assumed when it is asked for first. The request of an operator waits for
// that; a role that nobody uses is forgotten.
func TestAssumeEveryOther(t *testing.T) {
	t.Parallel()
	s := newTokenService(t)
	r := newRoles(t, `{"*":{"assumeRole":true,"stsEndpoint":"`+s.URL+`"}}`,
		func(c *RolesConfig) { c.Now = s.Now })
	if got := r.ForDocuments().AccessKeyID; got != "DEFAULT" {
		t.Errorf("R-DOC-12: %s reads documents", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, nil) }()
	newClient(t, r, "", "", nil).Prepare(ctx, firmware)
	if got := key(r, firmware); got != "K1" {
		t.Errorf("prepared: %s", got)
	}
	for _, role := range []string{firmware, logs, firmware} {
		c, err := r.Obtain(ctx, role)
		if err != nil || c.SessionToken != "t" {
			t.Errorf("%s: %v, %v", role, c, err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := len(s.asked); n != 2 { // Run has waited for what was under way
		t.Errorf("%d requests for %q, want 2", n, s.asked)
	}
	s.advance(forgetAfter+time.Second, false)
	r.refresh(t.Context())
	if n := len(r.assumed.roles); n != 0 {
		t.Errorf("%d roles are kept that nobody uses", n)
	}
}

// Whoever waits for a role that cannot be assumed gets the reason, and does not wait longer than it
// may.
func TestObtainFails(t *testing.T) {
	t.Parallel()
	s := newTokenService(t)
	s.refuse = true
	r := newRoles(t, `{"*":{"assumeRole":true,"stsEndpoint":"`+s.URL+`"}}`, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Obtain(ended, firmware)
	if err == nil || !strings.Contains(err.Error(), "being assumed") {
		t.Errorf("without time: %v", err)
	}
	r.assume(t)
	_, err = r.Obtain(t.Context(), firmware)
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("refused: %v", err)
	}
}
