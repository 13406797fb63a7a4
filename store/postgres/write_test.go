package postgres

import (
	"testing"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/test/testpostgres"
)

// A write in which a question has failed is not acknowledged, though the function hides it:
// PostgreSQL keeps nothing of such a transaction and answers its commit without an error (R-CON-25).
func TestHiddenFailureIsNotCommitted(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), testpostgres.Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, fail := range map[string]func(c *conn){
		"at the question": func(c *conn) {
			q := c.Prepare("SELECT no_such_column FROM setting")
			q.Row()
			_ = q.End()
		},
		"at a row": func(c *conn) {
			q := c.Prepare("SELECT 1 / n FROM generate_series(1, -1, -1) AS n")
			for q.Row() {
			}
			_ = q.End()
		},
	} {
		err := s.exclusive(t.Context(), func(c *conn) error {
			fail(c)
			q := c.Prepare("INSERT INTO setting (name, value) VALUES (?, ?)")
			q.BindText(name)
			q.BindBlob([]byte{1})
			_ = q.Run()
			return nil
		})
		if err == nil {
			t.Errorf("%s: the write is acknowledged", name)
		}
		err = s.Read(t.Context(), func(r store.Reader) error {
			_, err := r.Setting(name)
			return err
		})
		if err == nil {
			t.Errorf("%s: something of the write is there", name)
		}
	}
}
