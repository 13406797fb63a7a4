package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/backup"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
)

// drover backup: everything that makes a server, in one file (R-BAK-4). docs/backup.md says more.

// backupAbout is the help text of drover backup.
const backupAbout = `Write everything that makes a server to one file: its database, keys and authorities, certificates,
managed templates and artifacts. A server that runs on the data folder goes on meanwhile, and no
report of a device waits. All that was acknowledged before the backup began is in it.

  drover backup --data drover-data /mnt/backup/drover.tar.zst
  drover backup --data drover-data --without-artifacts /mnt/backup/drover.tar.zst
  drover backup --data drover-data - | ssh elsewhere "cat > drover.tar.zst"

The file has secret keys of operators and authorities: it can be read by you alone, and whoever can
read it can be your server. A file of that name is replaced when the new one is whole. Beside it a
copy of the database is made meanwhile, which takes as much room again; with - that is in the folder
of temporary files, or in the one that the variable TMPDIR names.

A server that is not running cannot be started while its data folder is backed up. What a server
keeps in PostgreSQL is not in the data folder: back that up with pg_dump, or copy it with "drover store
copy". A file that is named by --config, or certificates elsewhere, are not in the data folder either.

  drover restore --data new-data /mnt/backup/drover.tar.zst
  drover verify --file /mnt/backup/drover.tar.zst

"drover restore" makes a data folder of a backup, and "drover verify" says whether one is whole.`

// runBackup writes a backup.
func runBackup(ctx context.Context, args []string) error {
	settings := newLocalSettings("backup", "data")
	flags := settings.flags
	without := flags.Bool("without-artifacts", false, "leave out the artifacts")
	words, err := parseWords(flags, args, "FILE [options]", backupAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	c, err := settings.readLocal()
	if err != nil {
		return err
	}
	line := newProgressLine()
	options := app.BackupOptions{Data: c.Data, WithoutArtifacts: *without, Progress: line.bytes}
	began := time.Now()
	m, err := writeBackup(ctx, options, words[0])
	line.End()
	if err != nil {
		return failed(ctx, "no backup was written", err)
	}
	for _, name := range m.Missing {
		fmt.Fprintf(os.Stderr, "warning: %s is missing in the data folder, so it is not in the backup; "+
			"\"drover verify\" says whose it is\n", name)
	}
	if m.Schema == 0 {
		fmt.Fprintf(os.Stderr, "There is no database in %s: what the server keeps in PostgreSQL is not in "+
			"this backup.\n", c.Data)
	}
	fmt.Fprintf(os.Stderr, "%s files, %s, in %s.\n", strconv.Itoa(len(m.Members)),
		overview.Bytes(sizeOf(m)), time.Since(began).Round(100*time.Millisecond))
	return nil
}

// writeBackup writes to a file, or to standard output for -.
func writeBackup(ctx context.Context, o app.BackupOptions, file string) (backup.Manifest, error) {
	if file != "-" {
		return app.BackupFile(ctx, o, file)
	}
	if terminal.Of(os.Stdout) != nil {
		return backup.Manifest{}, errors.New("standard output is a terminal: name a file, or redirect it")
	}
	return app.Backup(ctx, o, os.Stdout)
}

// sizeOf is how many bytes the members of a backup have.
func sizeOf(m backup.Manifest) (n int64) {
	for _, member := range m.Members {
		n += member.Size
	}
	return n
}

// failed says what did not happen, and that it was interrupted when it was.
func failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: interrupted", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// progressLine is a line on standard error that says how far something is.
type progressLine struct{ *terminal.Progress }

func newProgressLine() progressLine {
	return progressLine{terminal.NewProgress(os.Stderr, os.Getenv)}
}

// bytes shows what is done, and of how many bytes so many.
func (l progressLine) bytes(what string, done, total int64) {
	text := what
	switch {
	case done > 0:
		text += ": " + overview.Bytes(done) + " of " + overview.Bytes(total)
	case total > 0:
		text += ": " + overview.Bytes(total)
	}
	l.Show(text, text, false, time.Now())
}

// things shows what is done, and how many of how many.
func (l progressLine) things(what string, done, total int64) {
	text := what
	switch {
	case total > 0:
		text += fmt.Sprintf(": %d of %d", done, total)
	case done > 0:
		text += fmt.Sprintf(": %d", done)
	}
	l.Show(text, text, false, time.Now())
}
