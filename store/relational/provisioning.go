package relational

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Provisioning templates, and certificates that are removed at a time.

const putProvisioning = `INSERT INTO provisioning_template (name, definition) VALUES (?, ?)
	ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`

func (t identityWriter) putProvisioning(p registry.ProvisioningTemplate) error {
	p.Versions = slices.Clone(p.Versions)
	for i := range p.Versions {
		p.Versions[i].CreatedAt = toMillisecond(p.Versions[i].CreatedAt)
	}
	p.CreatedAt, p.UpdatedAt = toMillisecond(p.CreatedAt), toMillisecond(p.UpdatedAt)
	return t.stmt(putProvisioning).text(p.Name).json(p).change()
}

// toMillisecond is a time as the contract keeps it. Those in columns are so by themselves.
func toMillisecond(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

const deleteProvisioning = `DELETE FROM provisioning_template WHERE name = ?`

func (t identityWriter) deleteProvisioning(name string) error {
	return t.stmt(deleteProvisioning).text(name).change()
}

func scanProvisioning(s stmt) (p registry.ProvisioningTemplate) {
	name := s.getText()
	s.getJSON(&p)
	p.Name = name
	return p
}

const selectProvisioning = `SELECT name, definition FROM provisioning_template WHERE name = ?`

func (r reader) ProvisioningTemplate(name string) (registry.ProvisioningTemplate, error) {
	return one(r.stmt(selectProvisioning).text(name), scanProvisioning)
}

const listProvisioning = `SELECT name, definition FROM provisioning_template
	WHERE name > ? ORDER BY name LIMIT ?`

func (r reader) ProvisioningTemplates(
	after string, limit int,
) ([]registry.ProvisioningTemplate, error) {
	return all(r.stmt(listProvisioning).text(after).limit(limit), scanProvisioning)
}

const countProvisioning = `SELECT count(*) FROM provisioning_template`

func (r reader) ProvisioningTemplateCount() (int, error) { return count(r.stmt(countProvisioning)) }

const putTemporary = `INSERT INTO temporary_certificate (certificate, until, policy)
	VALUES (?, ?, ?)
	ON CONFLICT (certificate) DO UPDATE SET until = excluded.until, policy = excluded.policy`

func (t identityWriter) putTemporary(c registry.TemporaryCertificate) error {
	return t.stmt(putTemporary).text(c.Certificate).time(c.Until).text(c.Policy).change()
}

const deleteTemporary = `DELETE FROM temporary_certificate WHERE certificate = ?`

func (t identityWriter) keep(certificate string) error {
	return t.stmt(deleteTemporary).text(certificate).run()
}

func scanTemporary(s stmt) registry.TemporaryCertificate {
	return registry.TemporaryCertificate{
		Certificate: s.getText(),
		Until:       s.getTime(),
		Policy:      s.getText(),
	}
}

const selectTemporary = `SELECT certificate, until, policy FROM temporary_certificate
	WHERE certificate = ?`

func (r reader) TemporaryCertificate(id string) (registry.TemporaryCertificate, error) {
	return one(r.stmt(selectTemporary).text(id), scanTemporary)
}

const listTemporary = `SELECT certificate, until, policy
	FROM temporary_certificate INDEXED BY temporary_certificate_due
	WHERE until <= ? ORDER BY until, certificate LIMIT ?`

func (r reader) TemporaryCertificates(
	now time.Time, limit int,
) ([]registry.TemporaryCertificate, error) {
	return all(r.stmt(listTemporary).time(now).limit(limit), scanTemporary)
}
