package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/cli/overview"
)

// drover restore: a data folder from a backup (R-BAK-6).

// restoreAbout is the help text of drover restore.
const restoreAbout = `Make a data folder of a backup that "drover backup" has written. The folder must be empty, or not
there. Everything is compared with the SHA-256 sums in the backup, and is on stable storage, before
a server can start on the folder. A restore that was interrupted leaves a folder that no server
starts on; run it again.

  drover restore --data new-data /mnt/backup/drover.tar.zst
  ssh elsewhere "cat drover.tar.zst" | drover restore --data new-data -
  drover serve --data new-data

A backup of a newer drover with another schema is refused. The restored server is the one of the
backup: it has the same authorities and keys, so devices know it. Do not run both: devices would be
asked to do again what the other one has had them do.`

// runRestore restores a backup.
func runRestore(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("restore", flag.ContinueOnError)
	data := flags.String("data", app.Default().Data, "data `folder` that is made")
	words, err := parseWords(flags, args, "FILE [options]", restoreAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	file, err := openBackup(words[0])
	if err != nil {
		return err
	}
	defer file.Close()
	m, err := app.Restore(ctx, *data, file)
	if err != nil {
		return failed(ctx, fmt.Sprintf("nothing was restored to %s", *data), err)
	}
	fmt.Fprintf(os.Stderr, "%s files, %s, are in %s, compared: as drover %s had them at %s.\n",
		strconv.Itoa(len(m.Members)), overview.Bytes(sizeOf(m)), *data, m.Version,
		m.Made.UTC().Format(time.RFC3339))
	if m.Schema == 0 {
		fmt.Fprint(os.Stderr, "There is no database in the backup: the server had its data in PostgreSQL.\n")
	}
	return nil
}

// openBackup opens a backup, or standard input for -.
func openBackup(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(file)
}
