// Package endpoints is the file endpoints.json in a data folder: what a running server says about
// itself to scripts and to the command line on the same machine. The file exists while the server
// runs; one that was left behind after a crash is only stale, and the folder's lock tells.
package endpoints

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/internal/disk"
)

// Name is the name of the file.
const Name = "endpoints.json"

// File is the content of endpoints.json: where a server listens and how to sign. Scripts read it,
// so its names are fixed. A listener that is off has the address "".
type File struct {
	HTTP            string `json:"http"`
	HTTPS           string `json:"https"`
	MQTT            string `json:"mqtt"`
	MQTTS           string `json:"mqtts"`
	Admin           string `json:"admin"` // metrics and probes, when they have a listener of their own
	Account         string `json:"account"`
	Region          string `json:"region"`
	CA              string `json:"ca"` // path of the CA certificate
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	PID             int    `json:"pid"` // of the server's process
}

// Read returns what the server that runs on a data folder wrote. The error is one of fs.ErrNotExist
// when none runs there. A file that another user could have written is refused: whoever follows it
// sends requests to the address in it.
func Read(folder string) (f File, err error) {
	path := filepath.Join(folder, Name)
	text, err := disk.ReadPrivate(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Write writes the file, readable by its owner only, in one step: a reader sees all of it or none.
func (f File) Write(folder string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(folder, Name), append(text, '\n'), 0o600)
}

// Remove deletes the file of a server that stops.
func Remove(folder string) error { return os.Remove(filepath.Join(folder, Name)) }
