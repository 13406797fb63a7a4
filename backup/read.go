package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/drover-iot/drover/internal/disk"
)

// Reader reads a backup.
type Reader struct {
	// About is what the backup says of itself.
	About  About
	packed *zstd.Decoder
	tar    *tar.Reader
}

// errNoBackup is for a file that is something else.
var errNoBackup = errors.New("it is no backup of drover")

// NewReader begins to read a backup, and refuses one in a form that this drover does not know.
func NewReader(from io.Reader) (*Reader, error) {
	packed, err := zstd.NewReader(from)
	if err != nil {
		return nil, err
	}
	r := &Reader{packed: packed, tar: tar.NewReader(packed)}
	head, err := r.tar.Next()
	if err == nil && head.Name == aboutName {
		err = readJSON(r.tar, &r.About)
	} else if err == nil {
		err = errNoBackup
	}
	switch {
	case err != nil:
		r.Close()
		return nil, fmt.Errorf("%w: %w", errNoBackup, err)
	case r.About.Format != Format:
		r.Close()
		return nil, fmt.Errorf("its form is %d, and this drover reads form %d: it was written by drover %s",
			r.About.Format, Format, r.About.Version)
	}
	return r, nil
}

// Close ends the reading.
func (r *Reader) Close() { r.packed.Close() }

// manifestBytes is more than a manifest of a million members has.
const manifestBytes = 256 << 20

func readJSON(from io.Reader, into any) error {
	return json.NewDecoder(io.LimitReader(from, manifestBytes)).Decode(into)
}

// Extract writes all members into a folder, each on stable storage, and compares them with the
// manifest. made is called with the path of each file and folder before it is made.
func (r *Reader) Extract(dir string, made func(path string)) (Manifest, error) {
	var there []Member
	folders := map[string]bool{dir: true}
	for {
		head, err := r.tar.Next()
		if err != nil {
			return Manifest{}, cutOff(err)
		}
		if head.Name == manifestName {
			break
		}
		m, err := r.extractOne(dir, head, folders, made)
		if err != nil {
			return Manifest{}, cutOff(err)
		}
		there = append(there, m)
	}
	var manifest Manifest
	if err := readJSON(r.tar, &manifest); err != nil {
		return manifest, cutOff(err)
	}
	if err := manifest.compare(there); err != nil {
		return manifest, err
	}
	for folder := range folders {
		if err := disk.SyncDir(folder); err != nil {
			return manifest, err
		}
	}
	return manifest, nil
}

// cutOff says what it means that a backup ends before its manifest.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it is not whole: it ends before its last member")
	}
	return err
}

// extractOne writes one member.
func (r *Reader) extractOne(
	dir string, head *tar.Header, folders map[string]bool, made func(string),
) (m Member, err error) {
	name := filepath.FromSlash(head.Name)
	if !filepath.IsLocal(name) || head.Typeflag != tar.TypeReg {
		return m, fmt.Errorf("member %q is not a file of a data folder", head.Name)
	}
	if err := makeFolders(dir, filepath.Dir(name), folders, made); err != nil {
		return m, err
	}
	path := filepath.Join(dir, name)
	made(path)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(head.Mode).Perm())
	if err != nil {
		return m, err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, sum), r.tar)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return m, err
	}
	return Member{Name: head.Name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// makeFolders makes a folder below another one, readable by the owner only.
func makeFolders(dir, below string, folders map[string]bool, made func(string)) error {
	path := filepath.Join(dir, below)
	if folders[path] {
		return nil
	}
	if err := makeFolders(dir, filepath.Dir(below), folders, made); err != nil {
		return err
	}
	folders[path] = true
	made(path)
	return os.Mkdir(path, 0o700)
}

// compare compares what a backup has with what its manifest says.
func (m Manifest) compare(there []Member) error {
	for i, want := range m.Members {
		switch {
		case i >= len(there):
			return fmt.Errorf("member %s is missing", want.Name)
		case there[i].Name != want.Name:
			return fmt.Errorf("member %s is where %s must be", there[i].Name, want.Name)
		case there[i] != want:
			return fmt.Errorf("member %s is damaged: its SHA-256 is %s, and the manifest says %s",
				want.Name, there[i].SHA256, want.SHA256)
		}
	}
	if extra := there[min(len(m.Members), len(there)):]; len(extra) > 0 {
		return fmt.Errorf("member %s is not in the manifest", extra[0].Name)
	}
	if m.Format != Format || slices.ContainsFunc(m.Members, func(m Member) bool { return m.Name == "" }) {
		return errNoBackup
	}
	return nil
}
