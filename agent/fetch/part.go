package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/drover-iot/drover/internal/disk"
)

// A download goes to PATH.part. PATH.part.json says of which content of the file that is, and how much
// of it is on stable storage: after a power cut the rest may be anything.

type part struct {
	path      string // of the file when it is whole
	file      *os.File
	sum       hash.Hash // of what the file has
	have      int64     // how many bytes that is
	validator string    // of the content that they are from; empty: not known
	synced    int64     // how many bytes are on stable storage
}

// syncEvery is how many bytes come between two syncs, and so what a power cut may cost.
const syncEvery = 4 << 20

// kept is the content of PATH.part.json.
type kept struct {
	Validator string `json:"validator"`
	Bytes     int64  `json:"bytes"`
}

// openPart opens a part, and reads what an earlier attempt has left.
func openPart(path string) (*part, error) {
	if path == "" {
		return nil, errors.New("no path of a file is given")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", path)
	}
	p := &part{path: path, sum: sha256.New()}
	from, err := os.ReadFile(p.keptPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var k kept
	if err == nil && json.Unmarshal(from, &k) != nil {
		k = kept{} // not ours, or damaged: it begins anew
	}
	p.validator = k.Validator
	if p.file, err = os.OpenFile(p.partPath(), os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err := p.reread(k.Bytes); err != nil {
		return nil, errors.Join(err, p.file.Close())
	}
	return p, nil
}

// reread reads what is there again, up to the bytes that were on stable storage.
func (p *part) reread(synced int64) (err error) {
	if p.have, err = io.Copy(p.sum, io.LimitReader(p.file, synced)); err != nil {
		return err
	}
	p.synced = p.have
	return p.file.Truncate(p.have)
}

func (p *part) partPath() string { return p.path + ".part" }
func (p *part) keptPath() string { return p.path + ".part.json" }

// close closes the file of a part, which stays for the next attempt unless nothing is in it.
func (p *part) close() {
	if p.have > p.synced {
		_ = p.sync() // where that fails, the bytes are fetched again
	}
	_ = p.file.Close()
	if p.have == 0 {
		_ = os.Remove(p.partPath()) // it does no harm
		_ = os.Remove(p.keptPath())
	}
}

// restart forgets what was fetched.
func (p *part) restart() error {
	p.have, p.synced, p.validator = 0, 0, ""
	p.sum.Reset()
	err := os.Remove(p.keptPath()) // first: it must not speak of what comes next
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return p.file.Truncate(0)
}

// Write adds bytes.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.sum.Write(b[:n])
	p.have += int64(n)
	if err == nil && p.have-p.synced >= syncEvery {
		err = p.sync()
	}
	return n, err
}

// sync brings what is there to stable storage, and then notes that.
func (p *part) sync() error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	text, err := json.Marshal(kept{p.validator, p.have})
	if err != nil {
		return err
	}
	p.synced = p.have
	return disk.Write(p.keptPath(), text, 0o600)
}

// finish compares the content and gives the file its name. Content that differs is errChanged.
func (p *part) finish(want string) error {
	if got := hex.EncodeToString(p.sum.Sum(nil)); want != "" && !strings.EqualFold(got, want) {
		return errors.Join(fmt.Errorf("%w: the file has the SHA-256 %s, and it should be %s",
			errChanged, got, strings.ToLower(want)), p.restart())
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	p.synced = p.have
	if err := os.Rename(p.partPath(), p.path); err != nil {
		return err
	}
	_ = os.Remove(p.keptPath()) // it does no harm
	return disk.SyncDir(filepath.Dir(p.path))
}

// withoutQuery is an error without the query of the URL that it was about, which may be a signature.
func withoutQuery(err error) error {
	var about *url.Error
	if !errors.As(err, &about) {
		return err
	}
	place, _, _ := strings.Cut(about.URL, "?")
	return fmt.Errorf("%s: %w", place, about.Err)
}
