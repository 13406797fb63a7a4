package s3api

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strings"
)

// Clients send checksums of a body with it: in a header, or in the trailer of one in chunks. All of
// them are checked, and a body that does not match is no body.

// checksumPrefix is what the headers of checksums begin with. Three of them say something else than
// a checksum: which algorithm there is, over what, and whether an answer shall have it.
const checksumPrefix = "X-Amz-Checksum-"

// algorithms are the checksums that are known, by the header behind the prefix.
var algorithms = map[string]func() hash.Hash{
	"Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"Crc32c":    func() hash.Hash { return crc32.New(castagnoli) },
	"Crc64nvme": func() hash.Hash { return crc64.New(nvme) },
	"Sha1":      sha1.New,
	"Sha256":    sha256.New,
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5) // 0xad93d23594c93659 with its bits reversed
)

// check is one checksum of a body.
type check struct {
	name string // the header
	sum  hash.Hash
	// want is the checksum as the client has it. For one in the trailer it is known at the end.
	want func() []byte
	code string // of the failure
}

// checked is a body that ends with an error when a check of it fails.
type checked struct {
	from   io.Reader
	checks []check
}

// Read implements io.Reader. In place of io.EOF it returns the failure of the first check that
// fails.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	for _, check := range c.checks {
		check.sum.Write(p[:n])
	}
	if errors.Is(err, io.EOF) {
		for _, check := range c.checks {
			if subtle.ConstantTimeCompare(check.sum.Sum(nil), check.want()) != 1 {
				return n, fail(check.code,
					"%s is not that of the body", strings.ToLower(check.name))
			}
		}
	}
	return n, err
}

// headerChecks are the checks that the headers of a request ask for.
func headerChecks(header http.Header) (checks []check, err error) {
	for name := range header {
		kind, ok := strings.CutPrefix(name, checksumPrefix)
		if !ok || kind == "Algorithm" || kind == "Type" || kind == "Mode" {
			continue
		}
		value, err := base64.StdEncoding.DecodeString(header.Get(name))
		if err != nil {
			return nil, fail("InvalidRequest", "%s is not base64", strings.ToLower(name))
		}
		c, err := newCheck(name, func() []byte { return value })
		if err != nil {
			return nil, err
		}
		checks = append(checks, c)
	}
	if text := header.Get("Content-Md5"); text != "" {
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(value) != md5.Size {
			return nil, fail("InvalidDigest", "Content-MD5 is not the base64 text of an MD5")
		}
		checks = append(checks, check{
			name: "Content-Md5",
			sum:  md5.New(),
			want: func() []byte { return value },
			code: "BadDigest",
		})
	}
	return checks, nil
}

// newCheck is the check of a header such as X-Amz-Checksum-Crc32.
func newCheck(name string, want func() []byte) (check, error) {
	kind, _ := strings.CutPrefix(name, checksumPrefix)
	algorithm, ok := algorithms[kind]
	if !ok {
		return check{}, fail("NotImplemented",
			"the checksum %s is not offered", strings.ToLower(name))
	}
	return check{
		name: name,
		sum:  algorithm(),
		want: want,
		code: "XAmzContentChecksumMismatch",
	}, nil
}

// hashCheck is the check of a declared hash of the body, in hexadecimal.
func hashCheck(declared string) (check, error) {
	value, err := hex.DecodeString(declared)
	if err != nil {
		return check{}, fail("InvalidRequest", "x-amz-content-sha256 is not hexadecimal")
	}
	return check{
		name: "X-Amz-Content-Sha256",
		sum:  sha256.New(),
		want: func() []byte { return value },
		code: "XAmzContentSHA256Mismatch",
	}, nil
}
