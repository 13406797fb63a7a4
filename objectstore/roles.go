package objectstore

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/presign"
)

// Which credential signs for which role (R-PRE-13). What is asked for a delivery is in memory: Run
// reads the file again when it has changed, and renews the credentials of assumed roles.

// RolesConfig is what Roles are made of.
type RolesConfig struct {
	// File is the file of roles; empty is none.
	File string
	// RefuseUnknown refuses roles that the file has no entry for; otherwise Default signs for them.
	RefuseUnknown bool
	// Default signs for roles without an entry, and assumes those that are to be assumed. Own says
	// that it is the server's own key pair, because no other is configured (R-PRE-26).
	Default *presign.Credential
	Own     bool
	// Region is where roles are assumed, unless their entry has an endpoint.
	Region string
	// Now is the real time: the credentials of assumed roles expire by it.
	Now func() time.Time
	Log *slog.Logger
}

// Roles are the credentials of all roles. Its methods may be called concurrently.
type Roles struct {
	RolesConfig
	table   atomic.Pointer[rolesTable]
	seen    string // what the file looked like when it was read; only Run uses it
	assumed *assumed
}

// pollRoles is how often Run looks whether the file has changed.
const pollRoles = time.Second

// OpenRoles reads the file of roles, if there is one. A wrong one is an error.
func OpenRoles(c RolesConfig) (*Roles, error) {
	r := &Roles{RolesConfig: c, assumed: newAssumed(c)}
	r.table.Store(&rolesTable{})
	if c.File == "" {
		return r, nil
	}
	r.seen = fileState(c.File)
	table, err := readRoles(c.File, !c.Own)
	if err != nil {
		return nil, err
	}
	r.table.Store(&table)
	return r, nil
}

// Credential returns the credential of a role as it is now. It does no I/O.
func (r *Roles) Credential(role string) (*presign.Credential, error) {
	e, ok := r.table.Load().find(role)
	switch {
	case ok && e.fixed != nil:
		return e.fixed, nil
	case ok:
		return r.assumed.credential(assumedKey{role, e.stsEndpoint})
	case r.RefuseUnknown:
		return nil, fmt.Errorf("role %s is not one of the roles of this server", role)
	}
	return r.Default, nil
}

// Obtain is Credential for a request that can wait: until a role that is assumed for the first time
// has been.
func (r *Roles) Obtain(ctx context.Context, role string) (*presign.Credential, error) {
	if e, ok := r.table.Load().find(role); ok && e.fixed == nil {
		r.assumed.wait(ctx, assumedKey{role, e.stsEndpoint})
	}
	return r.Credential(role)
}

// ForDocuments is the credential with which documents are read (R-DOC-12): that of every other
// role, when the file has a key for it, or else the default.
func (r *Roles) ForDocuments() *presign.Credential {
	if e := (*r.table.Load())[everyOther]; e.fixed != nil {
		return e.fixed
	}
	return r.Default
}

// SignedByOwnKey reports whether the server's own key pair signs for a role, which an object store
// may not know (R-PRE-26).
func (r *Roles) SignedByOwnKey(role string) bool {
	c, err := r.Credential(role)
	return err == nil && r.Own && c == r.Default
}

// Run renews credentials, and reads the file again when it has changed or reload says so, until ctx
// ends. reload may be nil.
func (r *Roles) Run(ctx context.Context, reload <-chan os.Signal) error {
	tick := time.NewTicker(pollRoles)
	defer tick.Stop()
	defer r.assumed.attempts.Wait() // they end with ctx
	for {
		r.refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-reload:
			r.seen = ""
		case <-r.assumed.wake:
		case <-tick.C:
		}
	}
}

// refresh reads the file if it has changed, and starts to renew the credentials that are due.
func (r *Roles) refresh(ctx context.Context) {
	r.reread()
	for role, e := range *r.table.Load() {
		if e.fixed == nil && role != everyOther {
			r.assumed.use(assumedKey{role, e.stsEndpoint})
		}
	}
	r.assumed.renew(ctx)
}

// reread reads the file if it has changed. When it is wrong, the roles stay as they were.
func (r *Roles) reread() {
	if r.File == "" {
		return
	}
	state := fileState(r.File)
	if state == r.seen {
		return
	}
	r.seen = state
	table, err := readRoles(r.File, !r.Own)
	if err != nil {
		r.Log.Error("roles of the object store stay as they were", "err", err)
		return
	}
	r.table.Store(&table)
	r.Log.Info("roles of the object store were read", "file", r.File, "roles", len(table))
}

// fileState is a text that differs when a file has changed.
func fileState(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size(), info.Mode())
}
