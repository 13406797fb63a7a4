package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/disk"
)

// keysFile keeps keys in a file. A running server reads the file again when it has changed, so that
// a key works as soon as another process has added it, and no longer works once it is removed.
type keysFile struct {
	path string

	mu   sync.Mutex  // guards what follows
	last fs.FileInfo // of the file that keys were read from; nil when there was none
	keys []Key       // oldest first; never changed in place
}

// OpenKeys reads the keys in a file. A file that does not exist has none, and is made by Create.
func OpenKeys(path string) (*Keys, error) {
	f := &keysFile{path: path}
	return &Keys{f}, f.load()
}

// read returns the keys that the file has now.
func (f *keysFile) read(time.Time) ([]Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.load()
	return f.keys, err
}

// load reads the file unless it is the one that was read last. When it cannot be read there are no
// keys: a key that somebody has removed must not work because the file was damaged in the act. The
// caller has mu.
func (f *keysFile) load() error {
	info, err := os.Stat(f.path)
	if err == nil && f.last != nil && os.SameFile(info, f.last) &&
		info.ModTime().Equal(f.last.ModTime()) {
		return nil
	}
	f.keys, f.last = nil, nil
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := disk.ReadPrivate(f.path)
	if err != nil {
		return err
	}
	keys, err := decodeKeys(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.keys, f.last = keys, info
	return nil
}

// change writes the file anew.
func (f *keysFile) change(change func([]Key) ([]Key, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return err
	}
	keys, err := change(f.keys)
	if err != nil {
		return err
	}
	text, err := encodeKeys(keys)
	if err != nil {
		return err
	}
	if err := disk.Write(f.path, text, 0o600); err != nil {
		return err
	}
	return f.load()
}
