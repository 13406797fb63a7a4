package memory

import (
	"cmp"
	"slices"

	"time"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Provisioning templates, and certificates that are removed at a time.

func (s identityState) putProvisioning(t registry.ProvisioningTemplate) error {
	s.provisioning = s.provisioning.put(text(t.Name), cloneProvisioning(t))
	return nil
}

func (s identityState) deleteProvisioning(name string) error {
	if !s.provisioning.has(text(name)) {
		return conflict("provisioning template", name)
	}
	s.provisioning = s.provisioning.remove(text(name))
	return nil
}

func (s identityState) putTemporary(c registry.TemporaryCertificate) error {
	c.Until = ms(c.Until)
	s.temporary = s.temporary.put(text(c.Certificate), c)
	return nil
}

func (s identityState) keep(certificate string) error {
	s.temporary = s.temporary.remove(text(certificate))
	return nil
}

func cloneProvisioning(t registry.ProvisioningTemplate) registry.ProvisioningTemplate {
	t.Hook, t.Versions = clonePointer(t.Hook), slices.Clone(t.Versions)
	for i := range t.Versions {
		t.Versions[i].CreatedAt = ms(t.Versions[i].CreatedAt)
	}
	t.CreatedAt, t.UpdatedAt = ms(t.CreatedAt), ms(t.UpdatedAt)
	return t
}

func (r reader) ProvisioningTemplate(name string) (registry.ProvisioningTemplate, error) {
	t, ok := r.provisioning.get(text(name))
	if !ok {
		return t, store.ErrNotFound
	}
	return cloneProvisioning(t), nil
}

func (r reader) ProvisioningTemplates(
	after string, limit int,
) (found []registry.ProvisioningTemplate, err error) {
	for name, t := range r.provisioning.from(text(after)) {
		if len(found) >= limit {
			break
		}
		if string(name) > after {
			found = append(found, cloneProvisioning(t))
		}
	}
	return found, nil
}

func (r reader) ProvisioningTemplateCount() (n int, err error) {
	for range r.provisioning.all() {
		n++
	}
	return n, nil
}

func (r reader) TemporaryCertificate(certificate string) (registry.TemporaryCertificate, error) {
	c, ok := r.temporary.get(text(certificate))
	if !ok {
		return c, store.ErrNotFound
	}
	return c, nil
}

func (r reader) TemporaryCertificates(
	now time.Time, limit int,
) (found []registry.TemporaryCertificate, err error) {
	for _, c := range r.temporary.all() {
		if !c.Until.After(ms(now)) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b registry.TemporaryCertificate) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Certificate, b.Certificate))
	})
	return found[:min(len(found), limit)], nil
}
