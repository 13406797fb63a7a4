package cli

import (
	"errors"
	"os"
	"strings"
)

// outfiles are files that a successful call writes parts of its answer to (R-CMD-130). They are part of the command line,
// not of the API.
var outfiles = map[string][]struct{ option, path string }{
	"CreateKeysAndCertificate": {
		{"certificate-pem-outfile", "certificatePem"}, {"public-key-outfile", "keyPair.PublicKey"}, {"private-key-outfile", "keyPair.PrivateKey"},
	},
	"CreateCertificateFromCsr": {{"certificate-pem-outfile", "certificatePem"}},
}

// outfile is a file that gets a part of the answer.
type outfile struct {
	file *os.File
	path []string
}

// openOutfiles opens the files before anything is sent. What they hold stays until there is an answer: a call that fails
// costs nobody a key.
func (c *call) openOutfiles() (files []outfile, err error) {
	for _, o := range outfiles[c.op.Name] {
		name := c.line.text(o.option)
		if name == "" {
			continue
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, &exitError{status: statusUsage, message: "Unable to write to file: " + name}
		}
		files = append(files, outfile{file, strings.Split(o.path, ".")})
	}
	return files, nil
}

// writeOutfiles puts the parts of an answer into their files. One that cannot be written costs the others nothing.
func writeOutfiles(files []outfile, answer *object) error {
	var failed error
	for _, f := range files {
		inner := answer
		for _, name := range f.path[:len(f.path)-1] {
			v, _ := inner.get(name)
			if inner, _ = v.(*object); inner == nil {
				inner = &object{}
			}
		}
		failed = errors.Join(failed, f.write(inner.text(f.path[len(f.path)-1])))
	}
	if failed != nil {
		return otherError("%v", failed)
	}
	return nil
}

// write replaces what the file holds and makes it readable by its owner only. A device or a pipe is only written to.
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
