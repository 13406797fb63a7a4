package sqlite

import (
	"errors"
	"fmt"
	"strings"
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
