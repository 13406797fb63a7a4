package cli

import (
	"errors"
	"os"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/value"
)

// Certificates and keys are shown once. Options that name files for them save a user the cutting
// from the answer.

// outfile is an open file that gets a part of the answer.
type outfile struct {
	file *os.File
	path []string // of the part
}

// openOutfiles opens the files that the line names before anything is sent. What they hold stays
// until there is an answer: a call that fails costs nobody a key.
func openOutfiles(known []command.Outfile, line *command.Line) (files []outfile, err error) {
	for _, o := range known {
		name := line.Text(o.Option)
		if name == "" {
			continue
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, exit.BadValue("Unable to write to file: %s", name)
		}
		files = append(files, outfile{file, strings.Split(o.Part, ".")})
	}
	return files, nil
}

// writeOutfiles puts the parts of an answer into their files. When one cannot be written, the
// others are.
func writeOutfiles(files []outfile, answer *value.Object) error {
	var failed error
	// A part that the answer does not have is written as an empty text.
	for _, f := range files {
		inner, last := answer, len(f.path)-1
		for _, name := range f.path[:last] {
			v, _ := inner.Get(name)
			if inner, _ = v.(*value.Object); inner == nil {
				inner = &value.Object{}
			}
		}
		failed = errors.Join(failed, f.write(inner.Text(f.path[last])))
	}
	if failed != nil {
		return exit.Other("%v", failed)
	}
	return nil
}

// write replaces what the file holds and makes it readable by its owner only. A device or a pipe
// has no mode to change and nothing to replace.
func (f outfile) write(text string) error {
	info, err := f.file.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = errors.Join(f.file.Chmod(0o600), f.file.Truncate(0))
	}
	if err == nil {
		_, err = f.file.WriteString(text)
	}
	return errors.Join(err, f.file.Close())
}
