package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drover-iot/drover/store/relational"
)

// Copy is a database that a store is copied from or into, on one connection and in one transaction.
// That has the lock of the writers until its end, so no node writes meanwhile, and what was not
// committed is gone with the connection, however the copy ends.
type Copy struct {
	db   *pgx.Conn
	name string // of the database, without its password
	lock int64
	tx   pgx.Tx
	// tables are those that are filled; none when the database is only read.
	tables []relational.Table
}

// OpenSource opens a database to be copied. It refuses one that is not at the newest schema, which
// only a server brings it to, and one whose tables are not those that are given.
func OpenSource(ctx context.Context, url string, tables []relational.Table) (*Copy, error) {
	return openCopy(ctx, url, func(c *Copy) error {
		if err := checkVersion(ctx, c.db, c.name); err != nil {
			return err
		}
		if err := c.begin(ctx, pgx.ReadOnly); err != nil {
			return err
		}
		return c.compare(ctx, tables)
	})
}

// OpenTarget opens a database without data to be filled, and makes the tables when there are none.
func OpenTarget(ctx context.Context, url string, tables []relational.Table) (*Copy, error) {
	return openCopy(ctx, url, func(c *Copy) error {
		// A database that is being written is refused at once: migrate would wait for the lock.
		if err := c.begin(ctx, pgx.ReadWrite); err != nil {
			return err
		}
		if err := c.tx.Rollback(ctx); err != nil {
			return err
		}
		if err := migrate(ctx, c.db, c.lock); err != nil {
			return err
		}
		if err := c.begin(ctx, pgx.ReadWrite); err != nil {
			return err
		}
		if err := c.compare(ctx, tables); err != nil {
			return err
		}
		c.tables = tables
		return c.clear(ctx)
	})
}

// openCopy connects to a database and prepares it.
func openCopy(ctx context.Context, url string, prepare func(*Copy) error) (*Copy, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the URL of the store: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "drover"
	}
	c := &Copy{name: "database " + config.Database}
	if c.db, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	err = check(ctx, c.db)
	if err == nil {
		c.lock, err = schemaLock(ctx, c.db)
	}
	if err == nil {
		err = prepare(c)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), c.Close())
	}
	return c, nil
}

// schemaLock is the lock of the tables that a connection finds.
func schemaLock(ctx context.Context, db *pgx.Conn) (int64, error) {
	var schema *string
	if err := db.QueryRow(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return 0, err
	}
	if schema == nil {
		return 0, errors.New("no schema of the search path exists")
	}
	return lockOf(*schema), nil
}

// checkVersion refuses a database at another schema than the newest. It changes nothing. name is what
// errors call the database.
func checkVersion(ctx context.Context, db *pgx.Conn, name string) error {
	var there bool
	const find = "SELECT to_regclass('schema_version') IS NOT NULL"
	if err := db.QueryRow(ctx, find).Scan(&there); err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("there is no store in %s", name)
	}
	var version int
	const read = "SELECT coalesce(max(version), 0) FROM schema_version"
	if err := db.QueryRow(ctx, read).Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return newerSchema(version)
	}
	if version < len(migrations) {
		return fmt.Errorf("%s is at version %d of the schema, and this drover knows %d: "+
			"start this drover on it once, which brings it up, and stop it again",
			name, version, len(migrations))
	}
	return nil
}

// begin begins the transaction and takes the locks of the servers that run and of the writers.
// Each statement sees what was committed before it, and while this has the locks, nobody commits.
func (c *Copy) begin(ctx context.Context, mode pgx.TxAccessMode) (err error) {
	c.tx, err = c.db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: mode})
	if err != nil {
		return err
	}
	// A copy that was interrupted a moment ago may still have the locks.
	if err := c.exec(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
		return err
	}
	// In this order: a server has its use of the database while it waits to write.
	for _, lock := range []int64{useLock(c.lock), c.lock} {
		err := c.exec(ctx, "SELECT pg_advisory_xact_lock("+strconv.FormatInt(lock, 10)+")")
		var refused *pgconn.PgError
		switch {
		case err == nil:
		case errors.As(err, &refused) && refused.Code == lockTimeout:
			return fmt.Errorf("%s is in use by another drover", c.name)
		default:
			return err
		}
	}
	return nil
}

// own are the tables that other stores have not, and that say nothing about the fleet.
var own = []string{"schema_version"}

const selectColumns = `SELECT table_name::text, column_name::text, data_type::text
	FROM information_schema.columns
	WHERE table_schema = current_schema() AND NOT table_name = ANY($1)`

// kinds are the types of columns.
var kinds = map[string]relational.Kind{
	"bigint": relational.Integer,
	"text":   relational.Text,
	"bytea":  relational.Blob,
}

// compare refuses a database whose tables are not those that are given: what they had more would be
// lost.
func (c *Copy) compare(ctx context.Context, tables []relational.Table) error {
	var want, got []string
	for _, t := range tables {
		for _, column := range t.Columns {
			want = append(want, fmt.Sprint(t.Name, " ", column.Name, " ", column.Kind))
		}
	}
	rows, err := c.tx.Query(ctx, selectColumns, own)
	if err != nil {
		return err
	}
	var table, column, kind string
	_, err = pgx.ForEachRow(rows, []any{&table, &column, &kind}, func() error {
		got = append(got, fmt.Sprint(table, " ", column, " ", kinds[kind]))
		return nil
	})
	if err != nil {
		return err
	}
	for _, text := range slices.Concat(want, got) {
		if !slices.Contains(want, text) || !slices.Contains(got, text) {
			return fmt.Errorf("the tables of %s are not those of the embedded store: %s",
				c.name, text)
		}
	}
	return nil
}

// clear refuses a database with data, and turns the triggers off: what they write is copied like
// everything else. Commit turns them on.
func (c *Copy) clear(ctx context.Context) error {
	for _, t := range c.tables {
		if t.Name != relational.Counters {
			if n, err := c.number(ctx, t.Any()); err != nil || n > 0 {
				return errors.Join(err, relational.NotEmpty(c.name, t))
			}
		}
		if err := c.exec(ctx, "ALTER TABLE "+relational.Quote(t.Name)+" DISABLE TRIGGER USER"); err != nil {
			return err
		}
	}
	return nil
}

func (c *Copy) exec(ctx context.Context, sql string) error {
	_, err := c.tx.Exec(ctx, sql)
	return err
}

// number runs a query that answers one number.
func (c *Copy) number(ctx context.Context, sql string) (n int64, err error) {
	return n, c.tx.QueryRow(ctx, sql).Scan(&n)
}

// Count is how many rows a table has.
func (c *Copy) Count(ctx context.Context, t relational.Table) (int64, error) {
	return c.number(ctx, t.Count())
}

// Rows are the rows of a table, in the order of its key.
func (c *Copy) Rows(ctx context.Context, t relational.Table) relational.Rows {
	return func(yield func(relational.Row, error) bool) {
		rows, err := c.tx.Query(ctx, t.Select())
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		row := make(relational.Row, len(t.Columns))
		for rows.Next() {
			for i, raw := range rows.RawValues() {
				row[i] = value(raw, t.Columns[i].Kind)
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// value reads a column in PostgreSQL's binary form.
func value(raw []byte, kind relational.Kind) any {
	switch {
	case raw == nil:
		return nil
	case kind == relational.Integer:
		return int64(binary.BigEndian.Uint64(raw))
	}
	return raw
}

// Fill replaces the rows of a table.
func (c *Copy) Fill(ctx context.Context, t relational.Table, rows relational.Rows) error {
	if err := c.exec(ctx, t.Delete()); err != nil {
		return err
	}
	next, stop := iter.Pull2(rows)
	defer stop()
	in := &incoming{table: t, next: next}
	_, err := c.tx.CopyFrom(ctx, pgx.Identifier{t.Name}, t.Names(), in)
	if in.err != nil {
		return in.err // err says that the server was told of it
	}
	return err
}

// Commit turns the triggers on, has the planner look at the tables, and commits.
func (c *Copy) Commit(ctx context.Context) error {
	for _, t := range c.tables {
		name := relational.Quote(t.Name)
		if err := c.exec(ctx, "ALTER TABLE "+name+" ENABLE TRIGGER USER"); err != nil {
			return err
		}
		if err := c.exec(ctx, "ANALYZE "+name); err != nil {
			return err
		}
	}
	return c.tx.Commit(ctx)
}

// Close closes the connection, and gives up what was not committed.
func (c *Copy) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.db.Close(ctx)
}
