package relational

import "github.com/drover-iot/drover/store"

const (
	putSetting = `INSERT INTO setting (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	deleteSetting = `DELETE FROM setting WHERE name = ?`
	selectSetting = `SELECT value FROM setting WHERE name = ?`
)

// EmptySettings removes all settings that store.Store.Reset removes.
const EmptySettings = "DELETE FROM setting WHERE substr(name, 1, 7) <> '" + store.SecretPrefix + "'"

func (t *Tx) changeSetting(s store.Setting) error {
	if s.Value == nil {
		return t.stmt(deleteSetting).text(s.Name).run()
	}
	return t.stmt(putSetting).text(s.Name).blob(s.Value).run()
}

func (r reader) Setting(name string) ([]byte, error) {
	return one(r.stmt(selectSetting).text(name), stmt.getBlob)
}
