package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/drover-iot/drover/internal/endpoints"
)

// A data folder is all that a server needs to go on where it was, with its database when it keeps
// its state in one. Besides the files named here it has server.pem and server.key, the folder
// managed-templates and, while a server runs on it, endpoints.json; with the embedded store also the
// secrets (secrets.go), with a database of them only ca.pem, and perhaps their key (nodekey.go).

// The files of a data folder.
const (
	storeFile   = "drover.db"   // everything that the API can change; see openStore
	lockFile    = "drover.lock" // locked by the server that runs
	artifactDir = "artifacts"   // the folder of package artifact
	restoreFile = "restoring"   // there while a backup is brought back; see Restore
)

// openFolder makes the data folder when it is missing, readable by its owner only: there are
// secrets in it.
func openFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if isThere(dir, restoreFile) {
		return fmt.Errorf("data folder %s has a backup that was not brought back to its end: run "+
			"\"drover restore\" again, or remove the folder", dir)
	}
	return nil
}

// lock locks the folder for this process. The operating system unlocks it when the process ends,
// however it ends. A file in the folder is locked, and the folder itself where the file system can
// do that: then a second server is refused also when somebody has removed the file.
func lock(dir string) (release func(), err error) {
	file := flock.New(filepath.Join(dir, lockFile))
	locked, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	folder := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if locked {
		free, err := folder.TryLock()
		locked = free || err != nil // an error means that folders cannot be locked here
	}
	release = func() { _ = errors.Join(folder.Close(), file.Close()) }
	if !locked {
		release()
		return nil, &inUseError{dir}
	}
	return release, nil
}

// inUseError says that a server runs on a data folder.
type inUseError struct{ dir string }

func (e *inUseError) Error() string {
	return fmt.Sprintf("data folder %s is in use by another drover%s", e.dir, lockOwner(e.dir))
}

// isNew reports whether a data folder has no store yet. One that was used before must have it:
// where its file is gone or empty, it was lost, and a new one in its place would hide that.
func isNew(dir string) (bool, error) {
	path := filepath.Join(dir, storeFile)
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err == nil && info.Size() > 0 {
		return false, nil
	}
	// The key is made once the store is there, and by the server only.
	if _, err := os.Stat(filepath.Join(dir, tokenKeyFile)); err != nil {
		return true, nil
	}
	what := "missing"
	if info != nil {
		what = "empty"
	}
	return false, fmt.Errorf("%s is %s, and data folder %s was in use before: put the file back, "+
		"or begin with an empty folder", storeFile, what, dir)
}

// lockOwner names the process that serves a folder, as endpoints.json has it; "" when that file is
// not there yet.
func lockOwner(dir string) string {
	there, err := endpoints.Read(dir)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", there.PID)
}
