package relational

import (
	"math"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A certificate keeps its id, which is the hash of what it holds, and when it was created.
const putCertificate = `INSERT INTO certificate
	(id, pem, status, mode, created_at, updated_at, not_before, not_after, ca)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET
		pem = excluded.pem, status = excluded.status, mode = excluded.mode, ca = excluded.ca,
		updated_at = excluded.updated_at, not_before = excluded.not_before,
		not_after = excluded.not_after`

func (t identityWriter) putCertificate(c registry.Certificate) error {
	return t.stmt(putCertificate).text(c.ID).text(c.PEM).text(string(c.Status)).text(c.Mode).
		time(c.CreatedAt).time(c.UpdatedAt).time(c.NotBefore).time(c.NotAfter).
		maybeText(c.CA).change()
}

const deleteCertificate = `DELETE FROM certificate WHERE id = ?`

func (t identityWriter) deleteCertificate(id string) error {
	return t.stmt(deleteCertificate).text(id).change()
}

const certificateColumns = `id, pem, status, mode, created_at, updated_at, not_before, not_after,
	ca`

func scanCertificate(s stmt) registry.Certificate {
	return registry.Certificate{
		ID:        s.getText(),
		PEM:       s.getText(),
		Status:    registry.CertificateStatus(s.getText()),
		Mode:      s.getText(),
		CreatedAt: s.getTime(),
		UpdatedAt: s.getTime(),
		NotBefore: s.getTime(),
		NotAfter:  s.getTime(),
		CA:        s.getText(),
	}
}

const selectCertificate = `SELECT ` + certificateColumns + ` FROM certificate WHERE id = ?`

func (r reader) Certificate(id string) (registry.Certificate, error) {
	return one(r.stmt(selectCertificate).text(id), scanCertificate)
}

const (
	listCertificatesUp = `SELECT ` + certificateColumns + `
		FROM certificate INDEXED BY certificate_by_time
		WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?`

	listCertificatesDown = `SELECT ` + certificateColumns + `
		FROM certificate INDEXED BY certificate_by_time
		WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?`
)

func (r reader) Certificates(q store.IdentityQuery) ([]registry.Certificate, error) {
	return all(r.byCreation(q, listCertificatesUp, listCertificatesDown), scanCertificate)
}

// byCreation binds the place where a list by creation goes on: after the cursor, or at the end that
// the direction begins from. What stands before that in the statement is bound to the texts.
func (r reader) byCreation(q store.IdentityQuery, up, down string, texts ...string) stmt {
	sql, created, key := down, int64(math.MaxInt64), ""
	if q.Ascending {
		sql, created = up, math.MinInt64
	}
	if q.After != nil {
		created, key = q.After.CreatedAt.UnixMilli(), q.After.Key
	}
	s := r.stmt(sql)
	for _, text := range texts {
		s = s.text(text)
	}
	return s.int(created).text(key).limit(q.Limit)
}

const (
	putPolicy = `INSERT INTO policy
		(name, default_version, last_version, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET default_version = excluded.default_version,
			last_version = excluded.last_version, updated_at = excluded.updated_at`

	deletePolicyVersions = `DELETE FROM policy_version WHERE policy = ?`

	insertPolicyVersion = `INSERT INTO policy_version
		(policy, number, document, created_at) VALUES (?, ?, ?, ?)`
)

// putPolicy writes a policy and its versions, of which there are at most five (R-ID-21), anew.
func (t identityWriter) putPolicy(p registry.Policy) error {
	err := t.stmt(putPolicy).text(p.Name).int(int64(p.Default)).int(int64(p.LastNumber)).
		time(p.CreatedAt).time(p.UpdatedAt).change()
	if err != nil {
		return err
	}
	if err := t.stmt(deletePolicyVersions).text(p.Name).run(); err != nil {
		return err
	}
	return each(p.Versions, func(v registry.PolicyVersion) error {
		return t.stmt(insertPolicyVersion).text(p.Name).int(int64(v.Number)).text(v.Document).
			time(v.CreatedAt).change()
	})
}

const deletePolicy = `DELETE FROM policy WHERE name = ?`

func (t identityWriter) deletePolicy(name string) error {
	if err := t.stmt(deletePolicy).text(name).change(); err != nil {
		return err
	}
	return t.stmt(deletePolicyVersions).text(name).run()
}

const policyColumns = `p.name, p.default_version, p.last_version, p.created_at, p.updated_at`

func scanPolicy(s stmt) registry.Policy {
	return registry.Policy{
		Name:       s.getText(),
		Default:    int(s.getInt()),
		LastNumber: int(s.getInt()),
		CreatedAt:  s.getTime(),
		UpdatedAt:  s.getTime(),
	}
}

const listPolicyVersions = `SELECT number, document, created_at FROM policy_version
	WHERE policy = ? ORDER BY number`

// versions completes policies with their few versions.
func (r reader) versions(policies []registry.Policy, err error) ([]registry.Policy, error) {
	for i := range policies {
		p := &policies[i]
		p.Versions, err = all(r.stmt(listPolicyVersions).text(p.Name), scanPolicyVersion)
		if err != nil {
			return nil, err
		}
	}
	return policies, err
}

func scanPolicyVersion(s stmt) registry.PolicyVersion {
	return registry.PolicyVersion{
		Number:    int(s.getInt()),
		Document:  s.getText(),
		CreatedAt: s.getTime(),
	}
}

const selectPolicy = `SELECT ` + policyColumns + ` FROM policy p WHERE name = ?`

func (r reader) Policy(name string) (registry.Policy, error) {
	found, err := r.versions(all(r.stmt(selectPolicy).text(name), scanPolicy))
	switch {
	case err != nil:
		return registry.Policy{}, err
	case len(found) == 0:
		return registry.Policy{}, store.ErrNotFound
	}
	return found[0], nil
}

const (
	listPoliciesUp = `SELECT ` + policyColumns + ` FROM policy p INDEXED BY policy_by_time
		WHERE (created_at, name) > (?, ?) ORDER BY created_at, name LIMIT ?`

	listPoliciesDown = `SELECT ` + policyColumns + ` FROM policy p INDEXED BY policy_by_time
		WHERE (created_at, name) < (?, ?) ORDER BY created_at DESC, name DESC LIMIT ?`
)

func (r reader) Policies(q store.IdentityQuery) ([]registry.Policy, error) {
	return r.versions(all(r.byCreation(q, listPoliciesUp, listPoliciesDown), scanPolicy))
}

const insertAttachment = `INSERT INTO attachment (policy, kind, key, attached_at)
	VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`

func (t identityWriter) attach(a registry.Attachment) error {
	return t.stmt(insertAttachment).attachment(a).time(a.AttachedAt).run()
}

const deleteAttachment = `DELETE FROM attachment WHERE policy = ? AND kind = ? AND key = ?`

func (t identityWriter) detach(a registry.Attachment) error {
	return t.stmt(deleteAttachment).attachment(a).run()
}

// attachment binds the key of an attachment.
func (s stmt) attachment(a registry.Attachment) stmt {
	return s.text(a.Policy).text(string(a.Kind)).text(a.Key)
}

const listPoliciesOf = `SELECT ` + policyColumns + `
	FROM attachment a INDEXED BY attachment_by_target
	CROSS JOIN policy p ON p.name = a.policy WHERE a.kind = ? AND a.key = ? ORDER BY a.policy`

func (r reader) PoliciesOf(kind registry.TargetKind, key string) ([]registry.Policy, error) {
	return r.versions(all(r.stmt(listPoliciesOf).text(string(kind)).text(key), scanPolicy))
}

const listTargetsOf = `SELECT policy, kind, key, attached_at FROM attachment
	WHERE policy = ? AND (kind, key) > (?, ?) ORDER BY kind, key LIMIT ?`

func (r reader) TargetsOf(
	policy string, after registry.Attachment, limit int,
) ([]registry.Attachment, error) {
	after.Policy = policy
	return all(r.stmt(listTargetsOf).attachment(after).limit(limit), scanAttachment)
}

func scanAttachment(s stmt) registry.Attachment {
	return registry.Attachment{
		Policy:     s.getText(),
		Kind:       registry.TargetKind(s.getText()),
		Key:        s.getText(),
		AttachedAt: s.getTime(),
	}
}

const (
	listTargetsUp = `SELECT policy, kind, key, attached_at
		FROM attachment INDEXED BY attachment_by_time
		WHERE policy = ? AND (attached_at, kind, key) > (?, ?, ?)
		ORDER BY attached_at, kind, key LIMIT ?`

	listTargetsDown = `SELECT policy, kind, key, attached_at
		FROM attachment INDEXED BY attachment_by_time
		WHERE policy = ? AND (attached_at, kind, key) < (?, ?, ?)
		ORDER BY attached_at DESC, kind DESC, key DESC LIMIT ?`
)

func (r reader) TargetsByTime(q store.TargetQuery) ([]registry.Attachment, error) {
	sql, attached, kind, key := listTargetsDown, int64(math.MaxInt64), "", ""
	if q.Ascending {
		sql, attached = listTargetsUp, math.MinInt64
	}
	if q.After != nil {
		attached, kind, key = q.After.AttachedAt.UnixMilli(), string(q.After.Kind), q.After.Key
	}
	s := r.stmt(sql).text(q.Policy).int(attached).text(kind).text(key).limit(q.Limit)
	return all(s, scanAttachment)
}

const putPrincipal = `INSERT INTO principal
	(thing, certificate, thing_name, exclusive)
	VALUES (?1, ?2, (SELECT name FROM thing WHERE id = ?1), ?3)
	ON CONFLICT (thing, certificate) DO UPDATE SET exclusive = excluded.exclusive`

// putPrincipal stores the name of the thing beside its key, because the list of a certificate's
// things is by name.
func (t identityWriter) putPrincipal(p registry.Principal) error {
	return t.stmt(putPrincipal).int(int64(p.Thing)).text(p.Certificate).bool(p.Exclusive).change()
}

const deletePrincipal = `DELETE FROM principal WHERE thing = ? AND certificate = ?`

func (t identityWriter) deletePrincipal(p registry.Principal) error {
	return t.stmt(deletePrincipal).int(int64(p.Thing)).text(p.Certificate).change()
}

const principalColumns = `thing, thing_name, certificate, exclusive`

func scanPrincipal(s stmt) registry.Principal {
	return registry.Principal{
		Thing:       registry.ThingID(s.getInt()),
		ThingName:   s.getText(),
		Certificate: s.getText(),
		Exclusive:   s.getBool(),
	}
}

const listPrincipalsOfThing = `SELECT ` + principalColumns + ` FROM principal
	WHERE thing = ? AND certificate > ? ORDER BY certificate LIMIT ?`

func (r reader) PrincipalsOfThing(
	thing registry.ThingID, after string, limit int,
) ([]registry.Principal, error) {
	return all(
		r.stmt(listPrincipalsOfThing).int(int64(thing)).text(after).limit(limit), scanPrincipal)
}

const listThingsOfPrincipal = `SELECT ` + principalColumns + `
	FROM principal INDEXED BY principal_by_certificate
	WHERE certificate = ? AND thing_name > ? ORDER BY thing_name LIMIT ?`

func (r reader) ThingsOfPrincipal(
	certificate, after string, limit int,
) ([]registry.Principal, error) {
	return all(
		r.stmt(listThingsOfPrincipal).text(certificate).text(after).limit(limit), scanPrincipal)
}

const selectPrincipal = `SELECT ` + principalColumns + ` FROM principal
	WHERE thing = ? AND certificate = ?`

func (r reader) Principal(thing registry.ThingID, certificate string) (registry.Principal, error) {
	return one(r.stmt(selectPrincipal).int(int64(thing)).text(certificate), scanPrincipal)
}
