package identity

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// An authorizer lets clients connect without a certificate (R-ID-90). There are few of them, so all
// are read where one is looked for among them.

// NoAuthorizer is the fault of an authorizer that does not exist.
func NoAuthorizer(name string) *fault.Error {
	return fault.New(fault.NotFound, "authorizer %s does not exist", name)
}

// CreateAuthorizer creates an authorizer. A used name is refused, with equal content too.
func (s *Service) CreateAuthorizer(
	ctx context.Context, a registry.Authorizer, given []registry.Tag,
) error {
	tags, err := registry.CheckTags(given)
	if err != nil {
		return err
	}
	if err := a.Check(); err != nil {
		return err
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if _, err = tx.Authorizer(a.Name); err == nil {
			return registry.ExistsAlready(registry.KindAuthorizer, a.Name)
		} else if !commit.Missing(err) {
			return err
		}
		all, err := tx.Authorizers()
		if err != nil {
			return err
		}
		if len(all) >= registry.MaxAuthorizers {
			return fault.New(fault.Limit, "there are %d authorizers, the most that are allowed", len(all))
		}
		a.CreatedAt, a.UpdatedAt = tx.Now, tx.Now
		tx.Changes.Registry.Authorizers = []registry.Authorizer{a}
		tx.TagNew(registry.KindAuthorizer, a.Name, tags)
		return nil
	})
}

// DescribeAuthorizer returns an authorizer.
func (s *Service) DescribeAuthorizer(
	ctx context.Context, name string,
) (a registry.Authorizer, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		a, err = r.Authorizer(name)
		return commit.OrNotFound(err, NoAuthorizer(name))
	})
	return a, err
}

// ListAuthorizers returns all authorizers, by name.
func (s *Service) ListAuthorizers(ctx context.Context) (found []registry.Authorizer, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Authorizers()
		return err
	})
	return found, err
}

// DefaultAuthorizer returns the authorizer of clients that name none.
func (s *Service) DefaultAuthorizer(ctx context.Context) (registry.Authorizer, error) {
	all, err := s.ListAuthorizers(ctx)
	if err != nil {
		return registry.Authorizer{}, err
	}
	return registry.DefaultAuthorizer(all)
}

// UpdateAuthorizer changes an authorizer. When it is not ACTIVE any more its connections end.
func (s *Service) UpdateAuthorizer(
	ctx context.Context, name string, update registry.AuthorizerUpdate,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		a, err := tx.Authorizer(name)
		if err != nil {
			return commit.OrNotFound(err, NoAuthorizer(name))
		}
		if a, err = a.Update(update, tx.Now); err != nil {
			return err
		}
		s.changeAuthorizers(tx, a)
		return nil
	})
}

// changeAuthorizers stages authorizers that are there already.
func (s *Service) changeAuthorizers(tx *commit.Tx, changed ...registry.Authorizer) {
	tx.Changes.Registry.Authorizers = changed
	for _, a := range changed {
		tx.AfterCommit(s.authorizerChanged(a.Name))
	}
}

// authorizerChanged returns the function that tells connections about an authorizer, to be called
// after the commit.
func (s *Service) authorizerChanged(name string) func() {
	return func() {
		if s.AuthorizerChanged != nil {
			s.AuthorizerChanged(name)
		}
	}
}

// DeleteAuthorizer deletes an authorizer that is not ACTIVE. There is no default one then if it was
// that.
func (s *Service) DeleteAuthorizer(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		a, err := tx.Authorizer(name)
		if err != nil {
			return commit.OrNotFound(err, NoAuthorizer(name))
		}
		if err := a.CheckDelete(); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedAuthorizers = []string{name}
		tx.SetTags(registry.KindAuthorizer, name, nil)
		tx.AfterCommit(s.authorizerChanged(name))
		return nil
	})
}

// SetDefaultAuthorizer makes an authorizer that of clients that name none.
func (s *Service) SetDefaultAuthorizer(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		all, err := tx.Authorizers()
		if err != nil {
			return err
		}
		changed, err := registry.SetDefault(all, name)
		tx.Changes.Registry.Authorizers = changed
		return err
	})
}

// ClearDefaultAuthorizer leaves clients that name no authorizer without one. Those that are
// connected stay.
func (s *Service) ClearDefaultAuthorizer(ctx context.Context) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		all, err := tx.Authorizers()
		if err != nil {
			return err
		}
		a, err := registry.DefaultAuthorizer(all)
		if err != nil {
			return err
		}
		a.Default = false
		tx.Changes.Registry.Authorizers = []registry.Authorizer{a}
		return nil
	})
}
