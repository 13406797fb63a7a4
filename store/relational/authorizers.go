package relational

import (
	"time"

	"github.com/drover-iot/drover/registry"
)

const (
	putAuthorizer = `INSERT INTO authorizer (name, definition) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`
	deleteAuthorizer = `DELETE FROM authorizer WHERE name = ?`
	selectAuthorizer = `SELECT definition FROM authorizer WHERE name = ?`
	listAuthorizers  = `SELECT definition FROM authorizer ORDER BY name`
)

func (t identityWriter) putAuthorizer(a registry.Authorizer) error {
	a.CreatedAt = a.CreatedAt.UTC().Truncate(time.Millisecond)
	a.UpdatedAt = a.UpdatedAt.UTC().Truncate(time.Millisecond)
	return t.stmt(putAuthorizer).text(a.Name).json(a).change()
}

func (t identityWriter) deleteAuthorizer(name string) error {
	return t.stmt(deleteAuthorizer).text(name).change()
}

func scanAuthorizer(s stmt) (a registry.Authorizer) {
	s.getJSON(&a)
	return a
}

func (r reader) Authorizer(name string) (registry.Authorizer, error) {
	return one(r.stmt(selectAuthorizer).text(name), scanAuthorizer)
}

func (r reader) Authorizers() ([]registry.Authorizer, error) {
	return all(r.stmt(listAuthorizers), scanAuthorizer)
}
