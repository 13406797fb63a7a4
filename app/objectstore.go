package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/objectstore"
)

// ObjectStore is how presigned URLs in job documents are made, and where documents are read from
// (docs/spec/23, docs/spec/53). The zero value is AWS's own hosts, without a credential that they
// know.
type ObjectStore struct {
	// Endpoint is an S3-compatible store, from which all objects are downloaded. Empty is the host
	// that each placeholder names.
	Endpoint job.ObjectStore
	// VirtualHosts says that URLs of Endpoint have the bucket in front of its host, not in the
	// path.
	VirtualHosts bool
	// Region is the one that URLs are signed for. Empty is the one in the host that a placeholder
	// names, or else that of Scope.
	Region string
	// AccessKeyID and SecretAccessKey sign the URLs of roles that Roles has nothing for, with
	// SessionToken when they are temporary. Without them a key pair of the server's own does.
	AccessKeyID, SecretAccessKey, SessionToken string
	// Roles is the file with the credentials of roles; empty is none. RefuseUnknown refuses roles
	// that it has no entry for.
	Roles         string
	RefuseUnknown bool
	// UploadBucket is the bucket of uploads whose placeholder has no address; empty is none.
	UploadBucket string
	// DocumentHosts are the hosts, beside those of S3, from which documents are read.
	DocumentHosts objectstore.Hosts
}

// checkObjectStore refuses half a credential and settings that contradict each other.
func (c Config) checkObjectStore() error {
	o := c.ObjectStore
	if (o.AccessKeyID == "") != (o.SecretAccessKey == "") ||
		o.SessionToken != "" && o.AccessKeyID == "" {
		return errors.New("DROVER_S3_ACCESS_KEY_ID and DROVER_S3_SECRET_ACCESS_KEY: " +
			"must be set both or not at all; DROVER_S3_SESSION_TOKEN goes with them")
	}
	if o.VirtualHosts && !isName(o.Endpoint) {
		return fmt.Errorf("%s: needs the name of a host in --s3-endpoint; "+
			"the bucket goes in front of it", c.named("s3-virtual-hosts"))
	}
	if o.RefuseUnknown && o.Roles == "" {
		return fmt.Errorf("%s: refuse needs --s3-roles; without that file every role is unknown",
			c.named("s3-unknown-roles"))
	}
	if _, ok := job.DefaultUploads(o.UploadBucket, "", ""); !ok && o.UploadBucket != "" {
		return fmt.Errorf("%s: %s must be the name of a bucket",
			c.named("s3-upload-bucket"), o.UploadBucket)
	}
	return nil
}

// isName reports whether the host of an endpoint is a name, and no address.
func isName(endpoint job.ObjectStore) bool {
	u, err := url.Parse(string(endpoint))
	return err == nil && u.Hostname() != "" && net.ParseIP(u.Hostname()) == nil
}

// openObjectStore makes what signs the presigned URLs in job documents, and what asks object
// stores.
func (s *Server) openObjectStore() (err error) {
	o := s.ObjectStore
	region := s.Scope.Region
	if o.Region != "" {
		region = o.Region
	}
	credential, own, err := s.defaultCredential()
	if err != nil {
		return err
	}
	s.roles, err = objectstore.OpenRoles(objectstore.RolesConfig{
		File:          o.Roles,
		RefuseUnknown: o.RefuseUnknown,
		Default:       credential,
		Own:           own,
		Region:        region,
		Now:           clock.Now,
		Log:           s.Log,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.named("s3-roles"), err)
	}
	var uploads job.Object
	if o.UploadBucket != "" {
		uploads, _ = job.DefaultUploads(o.UploadBucket, o.Endpoint, region) // checked before
	}
	s.signer = presign.New(presign.Config{
		Credential:    s.roles.Credential,
		Store:         o.Endpoint.WithArtifacts(s.Artifacts.Bucket),
		VirtualHosts:  o.VirtualHosts,
		Uploads:       uploads,
		Artifacts:     s.artifactURLs,
		Region:        o.Region,
		DefaultRegion: s.Scope.Region,
		Now:           clock.Now,
	})
	s.objects = objectstore.NewClient(s.roles, s.signer, o.DocumentHosts, s.openArtifact)
	return nil
}

// defaultCredential is the credential of roles that have none of their own: the configured one, or
// else a key pair of the server's own.
func (s *Server) defaultCredential() (c *presign.Credential, own bool, err error) {
	keys := aws.Credentials{
		AccessKeyID:     s.ObjectStore.AccessKeyID,
		SecretAccessKey: s.ObjectStore.SecretAccessKey,
		SessionToken:    s.ObjectStore.SessionToken,
	}
	if keys.AccessKeyID == "" {
		made, err := s.secrets.urlKey()
		if err != nil {
			return nil, false, err
		}
		own = true
		keys.AccessKeyID, keys.SecretAccessKey = made.AccessKeyID, made.SecretAccessKey
	}
	return presign.NewCredential(keys), own, nil
}

// needsURLs warns of a new job whose devices will get URLs that an object store may refuse
// (R-PRE-26).
func (s *Server) needsURLs(jobID, role string) {
	if !s.roles.SignedByOwnKey(role) {
		return
	}
	s.Log.Warn("no credential of an object store is configured: the presigned URLs of a job are "+
		"signed with a key pair of this server, and a store that does not know it refuses them",
		"job", jobID, "key", s.secrets.urlKeyAt)
}
