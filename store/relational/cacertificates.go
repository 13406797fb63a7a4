package relational

import (
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A CA certificate keeps its subject, which is part of what its id is the hash of, and when it was
// created.
const putCACertificate = `INSERT INTO ca_certificate (` + caCertificateColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET
		pem = excluded.pem, status = excluded.status, mode = excluded.mode,
		auto_register = excluded.auto_register, registration = excluded.registration,
		updated_at = excluded.updated_at, not_before = excluded.not_before,
		not_after = excluded.not_after`

func (t identityWriter) putCACertificate(c registry.CACertificate) error {
	return t.stmt(putCACertificate).text(c.ID).text(c.Subject).text(c.PEM).text(string(c.Status)).
		text(c.Mode).bool(c.AutoRegister).
		maybeJSON(c.Registration, c.Registration != registry.RegistrationConfig{}).
		time(c.CreatedAt).time(c.UpdatedAt).time(c.NotBefore).time(c.NotAfter).change()
}

const deleteCACertificate = `DELETE FROM ca_certificate WHERE id = ?`

func (t identityWriter) deleteCACertificate(id string) error {
	return t.stmt(deleteCACertificate).text(id).change()
}

const caCertificateColumns = `id, subject, pem, status, mode, auto_register, registration,
	created_at, updated_at, not_before, not_after`

func scanCACertificate(s stmt) (c registry.CACertificate) {
	c.ID, c.Subject, c.PEM = s.getText(), s.getText(), s.getText()
	c.Status, c.Mode = registry.CertificateStatus(s.getText()), s.getText()
	c.AutoRegister = s.getBool()
	s.getJSON(&c.Registration)
	c.CreatedAt, c.UpdatedAt = s.getTime(), s.getTime()
	c.NotBefore, c.NotAfter = s.getTime(), s.getTime()
	return c
}

const selectCACertificate = `SELECT ` + caCertificateColumns + `
	FROM ca_certificate WHERE id = ?`

func (r reader) CACertificate(id string) (registry.CACertificate, error) {
	return one(r.stmt(selectCACertificate).text(id), scanCACertificate)
}

const (
	listCACertificatesUp = `SELECT ` + caCertificateColumns + `
		FROM ca_certificate INDEXED BY ca_certificate_by_time
		WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?`

	listCACertificatesDown = `SELECT ` + caCertificateColumns + `
		FROM ca_certificate INDEXED BY ca_certificate_by_time
		WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?`
)

func (r reader) CACertificates(q store.IdentityQuery) ([]registry.CACertificate, error) {
	return all(r.byCreation(q, listCACertificatesUp, listCACertificatesDown), scanCACertificate)
}

const listCACertificatesOf = `SELECT ` + caCertificateColumns + `
	FROM ca_certificate INDEXED BY ca_certificate_by_subject WHERE subject = ? ORDER BY id`

func (r reader) CACertificatesOf(subject string) ([]registry.CACertificate, error) {
	return all(r.stmt(listCACertificatesOf).text(subject), scanCACertificate)
}

const (
	listCertificatesOfCAUp = `SELECT ` + certificateColumns + `
		FROM certificate INDEXED BY certificate_by_ca
		WHERE ca = ? AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?`

	listCertificatesOfCADown = `SELECT ` + certificateColumns + `
		FROM certificate INDEXED BY certificate_by_ca
		WHERE ca = ? AND (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?`
)

func (r reader) CertificatesOfCA(
	ca string, q store.IdentityQuery,
) ([]registry.Certificate, error) {
	s := r.byCreation(q, listCertificatesOfCAUp, listCertificatesOfCADown, ca)
	return all(s, scanCertificate)
}
