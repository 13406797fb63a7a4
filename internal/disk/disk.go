package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Write replaces the content of a file in one step, or makes the file. Another process that reads
// it gets all of the old content or all of the new, also after a power cut. When Write returns
// without an error, the new content is on stable storage. After an error the old content is still
// there.
func Write(path string, content []byte, mode fs.FileMode) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // best effort: the error that counts is err
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes new, renamed and removed names in a folder durable. Windows has no such call:
// there, the new file itself is on stable storage, and a power cut may bring back the old name.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
