package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The first and the last member of a backup.
const (
	aboutName    = "about.json"
	manifestName = "manifest.json"
)

// Format is the form of the backups that this package writes and reads.
const Format = 1

// About is what a backup says of itself.
type About struct {
	Format int `json:"format"`
	// Version and Commit are those of the drover that wrote the backup.
	Version string `json:"version"`
	Commit  string `json:"commit,omitzero"`
	// Schema is the version of the tables of the store; 0 when there is none in the backup.
	Schema int       `json:"schema"`
	Made   time.Time `json:"made"`
	// Artifacts says that the artifacts are in it, as far as there were any.
	Artifacts bool `json:"artifacts"`
}

// Member is one file of a backup.
type Member struct {
	// Name is the path in the data folder, with slashes.
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest is the last member of a backup.
type Manifest struct {
	About
	Members []Member `json:"members"`
	// Missing are files that belong in the backup and were not there: they were lost before.
	Missing []string `json:"missing,omitzero"`
}

// Writer writes a backup.
type Writer struct {
	manifest Manifest
	packed   *zstd.Encoder
	tar      *tar.Writer
}

// NewWriter begins a backup.
func NewWriter(to io.Writer, about About) (*Writer, error) {
	packed, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	about.Format = Format
	w := &Writer{
		manifest: Manifest{About: about, Members: []Member{}},
		packed:   packed,
		tar:      tar.NewWriter(packed),
	}
	return w, w.addJSON(aboutName, about)
}

// Add adds a file of which so many bytes are read. It refuses one that has fewer.
func (w *Writer) Add(name string, size int64, mode fs.FileMode, from io.Reader) error {
	if err := w.header(name, size, mode); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, sum), from, size); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("it became shorter while it was read")
		}
		return fmt.Errorf("back up %s: %w", name, err)
	}
	w.manifest.Members = append(w.manifest.Members,
		Member{Name: name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

func (w *Writer) header(name string, size int64, mode fs.FileMode) error {
	return w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     size,
		Mode:     int64(mode.Perm()),
		ModTime:  w.manifest.Made,
		Format:   tar.FormatPAX,
	})
}

// Miss notes a file that is missing.
func (w *Writer) Miss(name string) { w.manifest.Missing = append(w.manifest.Missing, name) }

// addJSON adds a member that is about the others.
func (w *Writer) addJSON(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := w.header(name, int64(len(text)), 0o600); err != nil {
		return err
	}
	_, err = io.Copy(w.tar, bytes.NewReader(text))
	return err
}

// Close ends the backup with its manifest, which it returns. Without it the backup is not whole.
func (w *Writer) Close() (Manifest, error) {
	err := w.addJSON(manifestName, w.manifest)
	return w.manifest, errors.Join(err, w.tar.Close(), w.packed.Close())
}

// Abort gives up a backup.
func (w *Writer) Abort() { _ = w.packed.Close() } // what was written is thrown away
