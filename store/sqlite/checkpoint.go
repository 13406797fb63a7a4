package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"
)

// checkpointPages is how long the log grows before it is folded into the file: 32 MiB.
const checkpointPages = 8192

// checkpointer folds the write-ahead log into the file, so that the log stays bounded and no commit waits for it for
// long: a connection of its own does the bulk beside the writer, then the writer's turn is taken for the little that
// came in meanwhile, after which the log starts over from its beginning. A read that runs very long puts that off.
type checkpointer struct {
	conn   *conn
	wanted chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

func startCheckpointer(s *Store) (*checkpointer, error) {
	c, err := connect(s.path, readerCache)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &checkpointer{conn: c, wanted: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	s.writer.db.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		if pages >= checkpointPages {
			select {
			case p.wanted <- struct{}{}:
			default:
			}
		}
		return nil
	})
	go p.run(ctx, s)
	return p, nil
}

func (p *checkpointer) run(ctx context.Context, s *Store) {
	defer close(p.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wanted:
		}
		// A checkpoint that fails leaves the log as it is. The next commit asks again, and fails itself if the disk does.
		if p.conn.checkpoint() == nil {
			_ = s.exclusive(ctx, s.writer.checkpoint)
		}
	}
}

// checkpoint copies as much of the log as no reader holds back, waiting for nobody.
func (c *conn) checkpoint() error {
	_, _, err := c.db.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE)
	return err
}

// stop ends the checkpointer. The store must have refused new calls already.
func (p *checkpointer) stop() error {
	p.cancel()
	<-p.done
	return p.conn.close()
}
