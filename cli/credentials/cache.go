package credentials

import (
	"crypto/sha1" //nolint:gosec // names a file, as the aws command line does
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/disk"
)

// Credentials of roles are cached in ~/.aws/cli/cache, in files that the aws command line reads and
// writes, too. Without the cache each call would cost another one to the token service, and another
// MFA code.

// Cache is the folder of the files, "" for none.
type Cache string

// margin is how long cached credentials must be accepted at least, to be used again. It is that of
// the aws command line.
const margin = 15 * time.Minute

// cached is the content of a file. The aws command line writes more, which nobody reads.
type cached struct {
	ProviderType string `json:",omitempty"` // sso; "" for roles
	Credentials  struct {
		AccessKeyId, SecretAccessKey, SessionToken string
		Expiration                                 time.Time
	}
}

// file is the path for credentials that are described by a JSON text, such as
// {"RoleArn": "arn:aws:iam::123456789012:role/r"}.
func (c Cache) file(described []byte) string {
	sum := sha1.Sum(described) //nolint:gosec // as above
	return filepath.Join(string(c), hex.EncodeToString(sum[:])+".json")
}

// load returns what is cached under a description, and whether it is accepted for long enough
// after now. A file that cannot be read is as none.
func (c Cache) load(described []byte, now time.Time) (v Value, ok bool) {
	if c == "" {
		return v, false
	}
	text, err := os.ReadFile(c.file(described))
	if err != nil {
		return v, false
	}
	var found cached
	if err := json.Unmarshal(text, &found); err != nil {
		return v, false
	}
	keys := found.Credentials
	v = Value{
		Credentials: client.Credentials{
			AccessKeyID:     keys.AccessKeyId,
			SecretAccessKey: keys.SecretAccessKey,
			SessionToken:    keys.SessionToken,
		},
		Expires: keys.Expiration,
	}
	whole := v.AccessKeyID != "" && v.SecretAccessKey != ""
	return v, whole && v.Expires.Sub(now) >= margin
}

// store writes credentials for the next call, readable by their owner only, in one step. When that
// fails, the next call fetches them again, so it is no error of this one.
func (c Cache) store(described []byte, provider string, v Value) {
	if c == "" {
		return
	}
	file := cached{ProviderType: provider}
	file.Credentials.AccessKeyId = v.AccessKeyID
	file.Credentials.SecretAccessKey = v.SecretAccessKey
	file.Credentials.SessionToken = v.SessionToken
	file.Credentials.Expiration = v.Expires.UTC().Truncate(time.Second)
	text, err := json.Marshal(file)
	if err != nil || os.MkdirAll(string(c), 0o700) != nil {
		return
	}
	_ = disk.Write(c.file(described), text, 0o600) // fetched again when it is not there
}
