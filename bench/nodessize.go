package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// How large things, executions and sessions are in the database, in a file of the embedded store,
// and in the memory of a node. docs/capacity.md reckons with these figures.

// tables are the tables that one kind of thing is in, with their indexes.
var tables = map[string][]string{
	"thing":     {"thing", "membership"},
	"execution": {"execution", "job_thing"},
	"session":   {"session", "client"},
}

// showSize prints how many bytes each of n of a kind takes in the database, without the room that
// changes leave. Table client has the clients of earlier loads too, so it counts by its own rows.
func (c *cluster) showSize(ctx context.Context, kind string, n int) error {
	db, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }() // nothing was written
	var all int64
	for _, table := range tables[kind] {
		if _, err := db.Exec(ctx, "VACUUM FULL "+table); err != nil {
			return err
		}
		var size int64
		err := db.QueryRow(ctx, "SELECT pg_total_relation_size($1::regclass)", table).Scan(&size)
		if err != nil {
			return err
		}
		rows := int64(n)
		if table == "client" {
			if err := db.QueryRow(ctx, "SELECT count(*) FROM client").Scan(&rows); err != nil {
				return err
			}
		}
		all += size / rows
	}
	c.show("bytes of one "+kind+" in PostgreSQL", fmt.Sprint(all))
	return nil
}

// showFileSizes prints the same of a file of the embedded store.
func (c *cluster) showFileSizes(ctx context.Context) error {
	path := filepath.Join(c.dir, "sizes.db")
	var before int64
	for _, step := range []struct {
		kind string
		do   func(r *rig) error
	}{
		{"", func(*rig) error { return nil }},
		{"thing", func(r *rig) error {
			_, err := r.fleet(ctx, "large", 0, c.fleet, 1024)
			return err
		}},
		{"execution", func(r *rig) error {
			if err := r.create(ctx, "large", "large"); err != nil {
				return err
			}
			return r.release(ctx, "large", c.fleet)
		}},
	} {
		r, err := newRig(ctx, path)
		if err != nil {
			return err
		}
		if err := step.do(r); err != nil {
			return err
		}
		if err := r.stop(); err != nil { // and the log goes into the file
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if step.kind != "" {
			c.show("bytes of one "+step.kind+" in SQLite", fmt.Sprint((info.Size()-before)/int64(c.fleet)))
		}
		before = info.Size()
	}
	return nil
}

// sessionRows connects devices with persistent sessions, subscribed to notify-next, and prints what
// they take: in the memory of the node while they are connected and while they are away, and in the
// database.
func (c *cluster) sessionRows(ctx context.Context) error {
	n := 2 * c.idle
	node := c.nodes[0]
	before := node.memory()
	devices := make([]*device, n)
	err := each(n, 64, func(i int) error {
		conn, err := net.Dial("tcp", c.mqtt(0))
		if err != nil {
			return err
		}
		id := fmt.Sprint("resident-", i)
		if devices[i], err = connectAs(conn, id, "", 0); err != nil {
			return err
		}
		return devices[i].subscribe("$aws/things/" + id + "/jobs/notify-next")
	})
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // until what was subscribed is stored
	c.show(fmt.Sprintf("memory of a node per connected session, of %d, plain MQTT", n),
		fmt.Sprintf("%.1f KB", float64(node.memory()-before)/float64(n)))
	for _, d := range devices {
		d.conn.Close()
	}
	time.Sleep(2 * time.Second)
	c.show("memory of a node per session that is away",
		fmt.Sprintf("%.1f KB", float64(node.memory()-before)/float64(n)))
	return c.showSize(ctx, "session", n)
}
