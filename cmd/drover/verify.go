package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/drover-iot/drover/app"
)

// drover verify: whether what a data folder or a backup has is as it was written (R-BAK-7).

// verifyAbout is the help text of drover verify.
const verifyAbout = `Verify a data folder: every page of its database against its checksum, every index, the rows that name
other rows, what jobs count against the executions that there are, the audit log, and every artifact
against its SHA-256. A server that runs on the folder goes on meanwhile, and nothing is changed.

  drover verify --data drover-data
  drover verify --data drover-data --without-artifacts
  drover verify --file /mnt/backup/drover.tar.zst

Each fault is a line on standard output, and drover ends with 1 when there is one. A backup that is
named by --file is restored into a folder beside it, verified there, and the folder is removed again.

Other programs that write the database, such as Litestream or the sqlite3 command line, do not know its
checksums, and what they have written is taken for damaged. When such a program is known to have
written it, and nothing else has, the checksums can be written anew, while no server runs on the
folder. Real damage within values would be taken for right by that.

  drover verify --data drover-data --renew-checksums

What can be read of a damaged database can be saved by "drover store copy" when only indexes are
damaged. Otherwise restore a backup.`

// runVerify verifies a data folder or a backup.
func runVerify(ctx context.Context, args []string) error {
	settings := newLocalSettings("verify", "data")
	flags := settings.flags
	file := flags.String("file", "", "`file` of drover backup to verify instead of a folder; - is "+
		"standard input")
	without := flags.Bool("without-artifacts", false, "leave out the artifacts")
	renew := flags.Bool("renew-checksums", false, "write the checksums of the database anew before "+
		"that, because another program has written it")
	if err := parse(flags, args, verifyAbout); err != nil {
		return err
	}
	if *renew && *file != "" {
		return wrongValue(flags, "--renew-checksums is for a data folder, and --file names a backup")
	}
	var c app.Config
	if *file == "" { // a backup has no server whose settings would matter
		var err error
		if c, err = settings.readLocal(); err != nil {
			return err
		}
	}
	if *renew {
		n, err := app.RenewChecksums(ctx, c.Data)
		if err != nil {
			return failed(ctx, "the checksums were not written anew", err)
		}
		fmt.Fprintf(os.Stderr, "%d pages had other checksums.\n", n)
	}
	line := newProgressLine()
	options := app.VerifyOptions{
		Data:             c.Data,
		WithoutArtifacts: *without,
		Progress:         line.things,
		Report:           func(fault string) { fmt.Println(fault) },
	}
	v, err := verify(ctx, options, *file)
	line.End()
	if err != nil {
		return failed(ctx, "not verified", err)
	}
	if v.Faults > 0 {
		return fmt.Errorf("%d faults", v.Faults)
	}
	fmt.Println(verdict(v))
	return nil
}

// verify verifies a file, or the folder when none is named.
func verify(ctx context.Context, o app.VerifyOptions, file string) (app.Verified, error) {
	if file == "" {
		return app.Verify(ctx, o)
	}
	from, err := openBackup(file)
	if err != nil {
		return app.Verified{}, err
	}
	defer from.Close()
	beside := ""
	if file != "-" {
		beside = filepath.Dir(file)
	}
	v, err := app.VerifyBackup(ctx, o, from, beside)
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w: put the backup where a folder can be made beside it", err)
	}
	return v, err
}

// verdict says what was found to be right.
func verdict(v app.Verified) string {
	text := "no faults"
	if v.Store {
		text += fmt.Sprintf(": every page, %d invariants of rows, %s records of the audit log",
			v.Invariants, strconv.FormatInt(v.Records, 10))
	} else {
		text += "; there is no database in the folder"
	}
	text += fmt.Sprintf(", %s artifacts", strconv.FormatInt(v.Artifacts, 10))
	if v.WithoutChecksums {
		text += "; pages have no checksums"
	}
	return text
}
