package postgres

import "testing"

func TestTranslate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ sql, want string }{
		{"SELECT 1", "SELECT 1"},
		{"SELECT a FROM t WHERE b = ? AND c > ?", "SELECT a FROM t WHERE b = $1 AND c > $2"},
		{"SELECT ?2, ?1, ?12", "SELECT $2, $1, $12"},
		{"SELECT a FROM t INDEXED BY t_by_b\n\tWHERE b = ?", "SELECT a FROM t \n\tWHERE b = $1"},
		{"SELECT a FROM t INDEXED BY t_by_b", "SELECT a FROM t "},
		{"SELECT a FROM t INDEXED BY x CROSS JOIN u ON v = ?", "SELECT a FROM t  JOIN u ON v = $1"},
	} {
		if got := translate(tt.sql); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.sql, got, tt.want)
		}
	}
}
