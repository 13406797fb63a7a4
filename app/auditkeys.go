package app

import (
	"context"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// The audit log and operator keys. Other processes make and delete keys while a server runs, or
// while none does. In a database they record that themselves, in the write that changes the keys. In
// a data folder the server finds out: it compares the keys with those that the log knows when it
// starts, and then each second. So it also records what somebody has changed in the file by hand.

// keysEvery is how often the keys of a data folder are compared.
const keysEvery = time.Second

// followKeys records changes of the operator keys until ctx ends. An error is logged once, and the
// next look tries again.
func (s *Server) followKeys(ctx context.Context) error {
	ticker := time.NewTicker(keysEvery)
	defer ticker.Stop()
	failing := false
	for first := true; ; first = false {
		if first || s.embedded != nil {
			err := s.recordKeys(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				s.Log.Error("record changes of operator keys", "err", err)
			}
			failing = err != nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// recordKeys records what has become of the keys since the log knows of them.
func (s *Server) recordKeys(ctx context.Context) error {
	keys, err := s.secrets.keys.All()
	if err != nil {
		return err
	}
	return s.engine.Records.FollowKeys(ctx, auditKeys(keys))
}

// auditKeys are keys as the log knows them.
func auditKeys(keys []gateway.Key) []audit.Key {
	known := make([]audit.Key, len(keys))
	for i, k := range keys {
		known[i] = audit.Key{
			Operator:  audit.Operator{KeyID: k.AccessKeyID, Name: k.Name},
			CreatedAt: k.CreatedAt,
			Role:      string(k.Role),
			Policies:  strings.Join(k.Policies, ", "),
		}
	}
	return known
}

// recordKeyCommand records, in the write in which a command has changed the operator keys of a
// database, what it has changed. Servers that keep no audit log have none to add to.
func recordKeyCommand(tx store.Tx, text []byte) error {
	head, err := tx.AuditHead()
	if err != nil || head == (audit.Link{}) {
		return err
	}
	keys, err := gateway.ReadKeys(text)
	if err != nil {
		return err
	}
	by := audit.Operator{Name: audit.KeyCommand}
	var c store.Changes
	var entries []audit.Entry
	c.Settings, entries, err = records.KeyChanges(tx, auditKeys(keys), by, userOfMachine())
	if err != nil {
		return err
	}
	if c.Audit.Added, err = commit.AuditPages(tx, tx.Time(), entries); err != nil {
		return err
	}
	return tx.Apply(c)
}

// userOfMachine is who runs this process, and where: root@build-1.
func userOfMachine() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}
