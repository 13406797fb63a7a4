package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/job"
)

// A role that is assumed has a credential that expires, mostly after an hour. It is renewed in the
// background when half of its time is over: a URL that it signs is of no use after it has expired,
// and a delivery must not wait. A role that nobody has asked for in two hours is forgotten, and
// assumed again when it is asked for; that happens only to roles that the entry "*" covers.

const (
	assumeTimeout = 5 * time.Second  // of one attempt
	assumeAgain   = 10 * time.Second // after one that failed
	forgetAfter   = 2 * time.Hour
)

// assumedKey names an assumed role and where it is assumed; an empty endpoint is AWS.
type assumedKey struct {
	role     string
	endpoint job.ObjectStore
}

// assumedRole is the present credential of one assumed role.
type assumedRole struct {
	current *presign.Credential // nil before the first success
	err     error               // of the last attempt
	next    time.Time           // of the next attempt
	used    time.Time           // when it was asked for last
	running bool                // an attempt is under way
	tried   chan struct{}       // closed after the first attempt
}

// assumed is the assumed roles of a server. A credential of an hour that was got at 12:00 is
// renewed at 12:30; while that fails, again every ten seconds, and from 13:00 on the role has none.
type assumed struct {
	RolesConfig
	wake     chan struct{}  // a role is to be assumed at once
	attempts sync.WaitGroup // those that are under way

	mu    sync.Mutex
	roles map[assumedKey]*assumedRole
}

// newAssumed returns the assumed roles of a server that nobody has asked for yet.
func newAssumed(c RolesConfig) *assumed {
	return &assumed{
		RolesConfig: c,
		wake:        make(chan struct{}, 1),
		roles:       map[assumedKey]*assumedRole{},
	}
}

// use returns a role, which is assumed in the background when it is new. Whoever reads more than
// its channel locks.
func (a *assumed) use(key assumedKey) *assumedRole {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(key)
}

// find is use for callers that have locked.
func (a *assumed) find(key assumedKey) *assumedRole {
	x := a.roles[key]
	if x == nil {
		x = &assumedRole{tried: make(chan struct{})}
		a.roles[key] = x
		select {
		case a.wake <- struct{}{}:
		default: // it is woken already
		}
	}
	x.used = a.Now()
	return x
}

// credential returns the present credential of a role.
func (a *assumed) credential(key assumedKey) (*presign.Credential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.find(key)
	switch {
	case x.current != nil && a.Now().Before(x.current.Expires):
		return x.current, nil
	case x.err != nil:
		return nil, fmt.Errorf("role %s cannot be assumed: %w", key.role, x.err)
	}
	return nil, fmt.Errorf("role %s is being assumed", key.role) // for the first time
}

// wait returns when a role has been assumed, or could not be, or ctx ends.
func (a *assumed) wait(ctx context.Context, key assumedKey) {
	select {
	case <-a.use(key).tried:
	case <-ctx.Done():
	}
}

// renew starts to assume the roles that are due, each on a goroutine of its own, and forgets those
// that nobody uses.
func (a *assumed) renew(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	for key, x := range a.roles {
		switch {
		case x.running:
		case now.Sub(x.used) > forgetAfter:
			delete(a.roles, key)
		case !now.Before(x.next):
			x.running = true
			a.attempts.Go(func() { a.attempt(ctx, key, x) })
		}
	}
}

// attempt assumes a role once, and says when to do so again. Nothing is logged with the lock, for
// which deliveries wait.
func (a *assumed) attempt(ctx context.Context, key assumedKey, x *assumedRole) {
	got, err := a.assume(ctx, key)
	if err != nil && ctx.Err() == nil {
		a.Log.Warn("role cannot be assumed", "role", key.role, "err", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	x.err, x.running = err, false
	if err == nil {
		x.current, x.next = presign.NewCredential(got), now.Add(got.Expires.Sub(now)/2)
	} else {
		x.next = now.Add(assumeAgain)
	}
	select {
	case <-x.tried:
	default:
		close(x.tried)
	}
}

// assume asks the token service for a credential of a role.
func (a *assumed) assume(ctx context.Context, key assumedKey) (c aws.Credentials, err error) {
	ctx, cancel := context.WithTimeout(ctx, assumeTimeout)
	defer cancel()
	options := sts.Options{
		Region: a.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return a.Default.Credentials, nil
		}),
		HTTPClient:       &http.Client{Transport: transport()},
		RetryMaxAttempts: 1, // the next attempt is made by renew
	}
	if key.endpoint != "" { // otherwise the client has that of AWS in the region
		options.BaseEndpoint = aws.String(string(key.endpoint))
	}
	name := func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "drover" }
	c, err = stscreds.NewAssumeRoleProvider(sts.New(options), key.role, name).Retrieve(ctx)
	if err == nil && !c.Expires.After(a.Now()) {
		err = errors.New("the credential has expired already; is the clock of this machine right?")
	}
	return c, err
}
