package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/drover-iot/drover/internal/disk"
)

// The files of a data folder. drover.db is the store; the rest is identity and is needed to go on.
const (
	storeFile     = "drover.db"
	lockFile      = "drover.lock"
	endpointsFile = "endpoints.json"
	keysFile      = "keys.json"
	tokenKeyFile  = "token.key"
)

// openFolder makes the data folder when it is missing, readable by its owner only.
func openFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// lock takes the folder for this process; the kernel frees it when the process ends, however it ends.
func lock(dir string) (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		return nil, fmt.Errorf("data folder %s is in use by another drover%s", dir, holder(dir))
	}
	return func() { file.Close() }, nil
}

// holder says which process serves a folder, as far as it has told.
func holder(dir string) string {
	var there Endpoints
	text, err := os.ReadFile(filepath.Join(dir, endpointsFile))
	if err != nil || json.Unmarshal(text, &there) != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", there.PID)
}

// Endpoints is what endpoints.json tells scripts: where a server listens and how to sign. Its names are fixed.
type Endpoints struct {
	HTTP            string `json:"http"`
	HTTPS           string `json:"https"`
	MQTT            string `json:"mqtt"`
	MQTTS           string `json:"mqtts"`
	Account         string `json:"account"`
	Region          string `json:"region"`
	CA              string `json:"ca"` // path of the CA certificate
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	PID             int    `json:"pid"`
}

// ReadEndpoints reads where the server listens that runs on a data folder.
func ReadEndpoints(dir string) (e Endpoints, err error) {
	text, err := os.ReadFile(filepath.Join(dir, endpointsFile))
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(text, &e)
}

// publish writes endpoints.json, readable by its owner only, in one step: a reader sees all of it or none.
func (e Endpoints) publish(dir string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(dir, endpointsFile), append(text, '\n'), 0o600)
}

// tokenKey reads the key that seals page tokens, or makes it.
func tokenKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, tokenKeyFile)
	key, err := os.ReadFile(path)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return key, disk.Write(path, key, 0o600)
}
