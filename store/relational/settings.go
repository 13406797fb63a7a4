package relational

import "github.com/drover-iot/drover/store"

const (
	putSetting = `INSERT INTO setting (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	deleteSetting = `DELETE FROM setting WHERE name = ?`
	selectSetting = `SELECT value FROM setting WHERE name = ?`
)

func (t *Tx) changeSetting(s store.Setting) error {
	if s.Value == nil {
		return t.stmt(deleteSetting).text(s.Name).run()
	}
	return t.stmt(putSetting).text(s.Name).blob(s.Value).run()
}

func (r reader) Setting(name string) ([]byte, error) {
	return one(r.stmt(selectSetting).text(name), stmt.getBlob)
}
