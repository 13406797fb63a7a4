package objectstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/job"
)

// The file of --s3-roles is a JSON object: role ARN → credential, or how to get one. "*" is every
// other role. No error has a secret in it.
//
//	{"arn:aws:iam::123456789012:role/firmware": {"accessKeyId": "…", "secretAccessKey": "…"},
//	 "arn:aws:iam::123456789012:role/logs": {"assumeRole": true},
//	 "*": {"accessKeyId": "…", "secretAccessKey": "…", "sessionToken": "…"}}

// everyOther is the name of the entry for all roles that have none of their own.
const everyOther = "*"

// roleEntry is what the file has for a role. Either fixed is set, or the role is assumed.
type roleEntry struct {
	fixed *presign.Credential
	// stsEndpoint is where the role is assumed; empty is AWS.
	stsEndpoint job.ObjectStore
}

// rolesTable is a file that was read.
type rolesTable map[string]roleEntry

// find returns the entry of a role: its own, or that of every other role.
func (t rolesTable) find(role string) (e roleEntry, ok bool) {
	if e, ok = t[role]; !ok {
		e, ok = t[everyOther]
	}
	return e, ok
}

var roleARN = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]+:role/\S+$`)

// readRoles reads the file of --s3-roles. mayAssume says that there is a credential with which
// roles can be assumed.
func readRoles(path string, mayAssume bool) (rolesTable, error) {
	text, err := disk.ReadPrivate(path)
	if err != nil {
		return nil, err
	}
	table, err := parseRoles(text, mayAssume)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// parseRoles reads the text of the file.
func parseRoles(text []byte, mayAssume bool) (rolesTable, error) {
	var file map[string]struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		AssumeRole      bool   `json:"assumeRole"`
		STSEndpoint     string `json:"stsEndpoint"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("must be one JSON object, and there is more behind it")
	}
	table := rolesTable{}
	for role, in := range file {
		keys := in.AccessKeyID != "" && in.SecretAccessKey != ""
		someKeys := in.AccessKeyID != "" || in.SecretAccessKey != "" || in.SessionToken != ""
		var e roleEntry
		switch {
		case role != everyOther && !roleARN.MatchString(role):
			return nil, fmt.Errorf("%q: must be the ARN of a role, "+
				"like arn:aws:iam::123456789012:role/firmware, or *", role)
		case in.AssumeRole && someKeys:
			return nil, fmt.Errorf("%s: has a key and assumeRole; give one of them", role)
		case in.AssumeRole && !mayAssume:
			return nil, fmt.Errorf("%s: assumeRole needs a credential to assume it with, in "+
				"DROVER_S3_ACCESS_KEY_ID and DROVER_S3_SECRET_ACCESS_KEY", role)
		case in.AssumeRole && in.STSEndpoint != "":
			endpoint, err := job.ParseObjectStore(in.STSEndpoint)
			if err != nil {
				return nil, fmt.Errorf("%s: stsEndpoint: %w", role, err)
			}
			e.stsEndpoint = endpoint
		case in.AssumeRole:
		case !keys:
			return nil, fmt.Errorf(
				"%s: must have accessKeyId and secretAccessKey, or assumeRole", role)
		case in.STSEndpoint != "":
			return nil, fmt.Errorf("%s: stsEndpoint goes with assumeRole only", role)
		default:
			e.fixed = presign.NewCredential(aws.Credentials{
				AccessKeyID:     in.AccessKeyID,
				SecretAccessKey: in.SecretAccessKey,
				SessionToken:    in.SessionToken,
			})
		}
		table[role] = e
	}
	return table, nil
}
