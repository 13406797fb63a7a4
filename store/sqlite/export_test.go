package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3/vfs"
)

// MakePlain makes an empty store without page checksums, as Drover did before it had them.
func MakePlain(path string) error {
	c, err := connect(path, readerCache)
	if err != nil {
		return err
	}
	err = c.db.Exec("PRAGMA journal_mode = WAL;" + strings.Join(migrations, ";\n") + fmt.Sprintf(
		"; PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations)))
	return errors.Join(err, c.close())
}

// OpenOn opens a store whose files are those of another file system. That stays registered: a store
// asks for it by its name as long as it is open.
func OpenOn(path string, files vfs.VFS) (*Store, error) {
	name := fmt.Sprintf("test-%d", opened.Add(1))
	vfs.Register(name, logFiles{files})
	return open(path, name)
}

var opened atomic.Int64
