package provision

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
)

// CreateTemplate creates a provisioning template with its first version in force. wanted has all
// but versions and times. A used name is refused, with equal content too (R-ID-76).
func (s *Service) CreateTemplate(
	ctx context.Context, wanted registry.ProvisioningTemplate, body string, given []registry.Tag,
) (t registry.ProvisioningTemplate, err error) {
	tags, err := registry.CheckTags(given)
	if err != nil {
		return t, err
	}
	if err := checkTemplate(wanted, body); err != nil {
		return t, err
	}
	return t, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if _, err := tx.ProvisioningTemplate(wanted.Name); err == nil {
			return registry.ExistsAlready(registry.KindProvisioningTemplate, wanted.Name)
		} else if !commit.Missing(err) {
			return err
		}
		count, err := tx.ProvisioningTemplateCount()
		if err != nil {
			return err
		}
		if count >= registry.MaxProvisioningTemplates {
			return fault.New(fault.Limit, "there are %d provisioning templates, the most that are "+
				"allowed", count)
		}
		t = wanted
		t.CreatedAt = tx.Now
		if _, err := t.AddVersion(body, true, tx.Now); err != nil {
			return err
		}
		tx.Changes.Registry.ProvisioningTemplates = []registry.ProvisioningTemplate{t}
		tx.TagNew(registry.KindProvisioningTemplate, t.Name, tags)
		return nil
	})
}

// checkTemplate refuses a template that could never provision anything.
func checkTemplate(t registry.ProvisioningTemplate, body string) error {
	if err := t.CheckHook(); err != nil {
		return err
	}
	if err := checkHook(t.Hook); err != nil {
		return err
	}
	_, err := provisioning.Parse(body)
	return err
}

func checkHook(h *registry.ProvisioningHook) error {
	if h == nil {
		return nil
	}
	return provisioning.CheckTarget("preProvisioningHook.targetArn", h.Target)
}

// DescribeTemplate returns a template with all its versions.
func (s *Service) DescribeTemplate(
	ctx context.Context, name string,
) (t registry.ProvisioningTemplate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		t, err = r.ProvisioningTemplate(name)
		return commit.OrNotFound(err, NoTemplate(name))
	})
	return t, err
}

// ListTemplates lists templates by name.
func (s *Service) ListTemplates(
	ctx context.Context, after string, limit int,
) (found []registry.ProvisioningTemplate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.ProvisioningTemplates(after, limit)
		return err
	})
	return found, err
}

// UpdateTemplate changes the properties of a template.
func (s *Service) UpdateTemplate(
	ctx context.Context, name string, u registry.ProvisioningUpdate,
) error {
	if err := checkHook(u.Hook); err != nil {
		return err
	}
	return s.change(ctx, name, func(tx *commit.Tx, t *registry.ProvisioningTemplate) error {
		return t.Update(u, tx.Now)
	})
}

// DeleteTemplate deletes a template with its versions. Devices that were provisioned by it stay.
// Temporary claims to it stop working at once, because there is nothing to provision by.
func (s *Service) DeleteTemplate(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if _, err := tx.ProvisioningTemplate(name); err != nil {
			return commit.OrNotFound(err, NoTemplate(name))
		}
		tx.Changes.Registry.DeletedProvisioningTemplates = []string{name}
		tx.SetTags(registry.KindProvisioningTemplate, name, nil)
		return nil
	})
}

// CreateVersion adds a version; at most five are kept.
func (s *Service) CreateVersion(
	ctx context.Context, name, body string, setDefault bool,
) (v registry.TemplateVersion, err error) {
	if _, err := provisioning.Parse(body); err != nil {
		return v, err
	}
	return v, s.change(ctx, name, func(tx *commit.Tx, t *registry.ProvisioningTemplate) (err error) {
		v, err = t.AddVersion(body, setDefault, tx.Now)
		return err
	})
}

// DeleteVersion deletes a version that is not in force.
func (s *Service) DeleteVersion(ctx context.Context, name string, number int) error {
	return s.change(ctx, name, func(tx *commit.Tx, t *registry.ProvisioningTemplate) error {
		return t.DeleteVersion(number, tx.Now)
	})
}

// change stores what a function makes of a template.
func (s *Service) change(
	ctx context.Context, name string,
	change func(*commit.Tx, *registry.ProvisioningTemplate) error,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		t, err := tx.ProvisioningTemplate(name)
		if err != nil {
			return commit.OrNotFound(err, NoTemplate(name))
		}
		if err := change(tx, &t); err != nil {
			return err
		}
		tx.Changes.Registry.ProvisioningTemplates = []registry.ProvisioningTemplate{t}
		return nil
	})
}
