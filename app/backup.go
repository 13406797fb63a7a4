package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/backup"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/store/sqlite"
)

// A backup has everything that makes a server, from one moment of its store: drover.db, keys and
// authorities, managed templates and artifacts. It is made beside a server that runs, which it never
// waits for nor stops, or of a data folder that no server uses (R-BAK-4).

// BackupOptions is what a backup is made of, and how.
type BackupOptions struct {
	Data             string // the data folder
	WithoutArtifacts bool
	// Temporary is a folder on a disk that has room for a copy of the store.
	Temporary string
	// Progress is told what is done at the moment, of how many bytes so many.
	Progress func(what string, done, total int64)
}

// BackupFile writes a backup to a file that only its owner can read. It replaces the file in one
// step: after an error, what was there is there still.
func BackupFile(ctx context.Context, o BackupOptions, path string) (m backup.Manifest, err error) {
	dir := filepath.Dir(path)
	if inside, err := isInside(o.Data, dir); inside || err != nil {
		return m, errors.Join(err, fmt.Errorf("%s is in the data folder: name another place", path))
	}
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return m, err
	}
	o.Temporary = dir
	m, err = Backup(ctx, o, file)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // best effort: the error that counts is err
		return m, err
	}
	return m, disk.SyncDir(dir)
}

// isInside reports whether a folder is another one or below it.
func isInside(dir, folder string) (bool, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return false, err
	}
	below, err := filepath.Rel(dir, folder)
	return err == nil && filepath.IsLocal(below), nil
}

// Backup writes a backup. After an error what was written is not whole, and is not taken for a
// backup by Restore.
func Backup(ctx context.Context, o BackupOptions, to io.Writer) (m backup.Manifest, err error) {
	if _, err := os.Stat(o.Data); err != nil {
		return m, fmt.Errorf("data folder: %w", err)
	}
	release, live, err := lockOrLive(o.Data)
	if err != nil {
		return m, err
	}
	defer release()
	folder, err := os.MkdirTemp(o.Temporary, ".drover-backup-*")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(folder)
	b := &backuper{BackupOptions: o, live: live, store: filepath.Join(folder, storeFile)}
	return b.write(ctx, to)
}

// lockOrLive locks a data folder, unless a server runs on it.
func lockOrLive(dir string) (release func(), live bool, err error) {
	if isThere(dir, restoreFile) {
		return nil, false, fmt.Errorf("data folder %s has a backup that was not brought back to its end", dir)
	}
	release, err = lock(dir)
	var inUse *inUseError
	if errors.As(err, &inUse) {
		return func() {}, true, nil
	}
	return release, false, err
}

// backuper is a backup that is being written.
type backuper struct {
	BackupOptions
	live  bool   // a server runs on the folder
	store string // the path of the copy of the store
	to    *backup.Writer
}

func (b *backuper) write(ctx context.Context, to io.Writer) (m backup.Manifest, err error) {
	build := buildinfo.Read()
	about := backup.About{
		Version:   build.Version,
		Commit:    build.Commit,
		Made:      clock.Now(),
		Artifacts: !b.WithoutArtifacts,
	}
	if about.Schema, err = b.copyStore(ctx); err != nil {
		return m, err
	}
	if b.to, err = backup.NewWriter(to, about); err != nil {
		return m, err
	}
	if err := b.addAll(ctx); err != nil {
		b.to.Abort()
		return m, err
	}
	return b.to.Close()
}

// copyStore copies the store. The answer is its schema, 0 when the folder has no store.
func (b *backuper) copyStore(ctx context.Context) (schema int, err error) {
	file := filepath.Join(b.Data, storeFile)
	if !isThere(b.Data, storeFile) {
		if !isThere(b.Data, serverCA+".pem") {
			return 0, fmt.Errorf("%s is no data folder of a server", b.Data)
		}
		return 0, nil
	}
	progress, stop := eachSecond(func(done, total int64) {
		b.Progress("copying the store", done, total)
	})
	defer stop()
	return sqlite.Backup(ctx, file, b.live, b.store, progress)
}

// addAll adds the copy of the store, the files of the folder, and the artifacts.
func (b *backuper) addAll(ctx context.Context) error {
	if isThere(filepath.Dir(b.store), storeFile) {
		if err := b.add(ctx, storeFile, b.store); err != nil {
			return err
		}
	}
	names, err := besideStore(b.Data)
	if err != nil {
		return err
	}
	for _, name := range names {
		err := b.add(ctx, name, filepath.Join(b.Data, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return err
		}
	}
	if b.WithoutArtifacts || !isThere(b.Data, artifactDir) {
		return nil
	}
	return b.addArtifacts(ctx)
}

// add adds a file, under the path that it has in the data folder.
func (b *backuper) add(ctx context.Context, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	b.Progress("writing "+name, 0, info.Size())
	return b.to.Add(name, info.Size(), info.Mode(), &stoppable{ctx, file})
}

// stoppable is a reader that fails when ctx ends.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// besideStore are the files of a data folder, by their paths in it with slashes, without the store,
// artifacts and what belongs to the process that runs.
func besideStore(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (below == artifactDir || below == litestreamDir):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || ofProcess(below):
			return nil
		}
		names = append(names, filepath.ToSlash(below))
		return nil
	})
	slices.Sort(names)
	return names, err
}

// ofProcess reports whether a file of a data folder is the store or one beside it, such as its log,
// or belongs to the process that runs.
func ofProcess(name string) bool {
	return strings.HasPrefix(name, storeFile) || name == lockFile || name == endpoints.Name
}

// addArtifacts adds the artifacts as they are at one moment.
func (b *backuper) addArtifacts(ctx context.Context) error {
	b.Progress("looking for artifacts", 0, 0)
	s, err := artifact.TakeSnapshot(ctx, filepath.Join(b.Data, artifactDir))
	if errors.Is(err, artifact.ErrNoIndex) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.Close()
	if err := b.add(ctx, artifactDir+"/"+filepath.Base(s.Index), s.Index); err != nil {
		return err
	}
	objects := artifactDir + "/" + filepath.Base(s.Objects) + "/"
	for _, name := range s.Missing {
		b.to.Miss(objects + name)
	}
	for _, name := range s.Files {
		at := objects + name
		if err := b.add(ctx, at, filepath.Join(s.Objects, name)); err != nil {
			return err
		}
	}
	return nil
}
