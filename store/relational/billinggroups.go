package relational

import "github.com/drover-iot/drover/registry"

const billingGroupColumns = `id, name, uuid, description, version, created_at`

const insertBillingGroup = `INSERT INTO billing_group (` + billingGroupColumns + `)
	VALUES (?, ?, ?, ?, ?, ?)`

func (t *Tx) createBillingGroup(g registry.BillingGroup) error {
	return t.stmt(insertBillingGroup).int(int64(g.ID)).text(g.Name).text(g.UUID).
		text(g.Description).int(g.Version).time(g.CreatedAt).change()
}

const updateBillingGroup = `UPDATE billing_group SET description = ?, version = ? WHERE id = ?`

func (t *Tx) updateBillingGroup(g registry.BillingGroup) error {
	return t.stmt(updateBillingGroup).text(g.Description).int(g.Version).int(int64(g.ID)).change()
}

const deleteBillingGroup = `DELETE FROM billing_group WHERE id = ?`

func (t *Tx) deleteBillingGroup(id registry.BillingGroupID) error {
	return t.stmt(deleteBillingGroup).int(int64(id)).change()
}

const setBillingGroup = `UPDATE thing SET billing_group = ? WHERE id = ?`

func (t *Tx) setBillingGroup(m registry.BillingMembership) error {
	return t.stmt(setBillingGroup).int(int64(m.Group)).int(int64(m.Thing)).change()
}

func scanBillingGroup(s stmt) registry.BillingGroup {
	return registry.BillingGroup{
		ID:          registry.BillingGroupID(s.getInt()),
		Name:        s.getText(),
		UUID:        s.getText(),
		Description: s.getText(),
		Version:     s.getInt(),
		CreatedAt:   s.getTime(),
	}
}

const selectBillingGroup = `SELECT ` + billingGroupColumns + ` FROM billing_group WHERE id = ?`

func (r reader) BillingGroup(id registry.BillingGroupID) (registry.BillingGroup, error) {
	return one(r.stmt(selectBillingGroup).int(int64(id)), scanBillingGroup)
}

const selectBillingGroupByName = `SELECT ` + billingGroupColumns + `
	FROM billing_group WHERE name = ?`

func (r reader) BillingGroupByName(name string) (registry.BillingGroup, error) {
	return one(r.stmt(selectBillingGroupByName).text(name), scanBillingGroup)
}

const listBillingGroups = `SELECT ` + billingGroupColumns + ` FROM billing_group
	WHERE name >= ? AND name < ? ORDER BY name LIMIT ?`

func (r reader) BillingGroups(prefix, after string, limit int) ([]registry.BillingGroup, error) {
	s := r.stmt(listBillingGroups).text(firstName(prefix, after)).text(afterPrefix(prefix))
	return all(s.limit(limit), scanBillingGroup)
}
