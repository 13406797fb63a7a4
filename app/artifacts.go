package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/artifact/s3api"
	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
)

// Artifacts is the server's own store of the files that devices download (docs/spec/53).
type Artifacts struct {
	// Mode is on, off or Auto, which is on unless there is a database: the files of the store are
	// on one machine, and servers on a database are several (R-ART-10).
	Mode string
	// Bucket is its bucket. Empty turns the store off, too.
	Bucket string
	// Rate is how many bytes a second all downloads may take together, RatePerDevice those from one
	// address; 0 is any number.
	Rate, RatePerDevice float64
}

// bucketName is the rule of S3 for the names of buckets.
var bucketName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
})

// checkArtifacts refuses a bucket that no client could name.
func (c Config) checkArtifacts() error {
	if bucket := c.Artifacts.Bucket; bucket != "" && !bucketName().MatchString(bucket) {
		return fmt.Errorf("%s: %s must be 3 to 63 characters of a-z, 0-9, dots and "+
			"dashes, and begin and end with a letter or a digit", c.named("artifact-bucket"), bucket)
	}
	return nil
}

// withoutArtifacts is the configuration with the store of artifacts off, where Mode says so.
func (c Config) withoutArtifacts() Config {
	if c.Artifacts.Mode == "off" || c.Artifacts.Mode == Auto && c.Store != "" {
		c.Artifacts.Bucket = ""
	}
	return c
}

// openArtifacts opens the store of artifacts, unless it is off. The addresses of its URLs follow
// with placeArtifacts.
func (s *Server) openArtifacts(ctx context.Context) (err error) {
	s.warnOfArtifacts()
	if s.Artifacts.Bucket == "" {
		return nil
	}
	if s.artifactKey, err = s.secrets.urlKey(); err != nil {
		return err
	}
	s.artifacts, err = artifact.Open(ctx, filepath.Join(s.Data, artifactDir), s.Log)
	if err != nil {
		return fmt.Errorf("store of artifacts: %w", err)
	}
	own := presign.NewCredential(aws.Credentials{
		AccessKeyID:     s.artifactKey.AccessKeyID,
		SecretAccessKey: s.artifactKey.SecretAccessKey,
	})
	s.artifactURLs = presign.New(presign.Config{
		Credential: func(string) (*presign.Credential, error) { return own, nil },
		Region:     s.Scope.Region,
		Now:        clock.Now,
	})
	return nil
}

// warnOfArtifacts logs what an operator may not expect of artifacts on a server with a database.
func (s *Server) warnOfArtifacts() {
	on := s.Artifacts.Bucket != ""
	switch {
	case s.Store == "":
	case on:
		s.Log.Warn("artifacts are files of this server alone: another one on the database does not " +
			"have them, and devices that ask it get 404; use --s3-endpoint")
	case isThere(s.Data, artifactDir):
		s.Log.Warn("the artifacts in the data folder are not served, because --store names a database; "+
			"--artifacts on serves them, from this server alone",
			"folder", filepath.Join(s.Data, artifactDir))
	}
}

// artifactCalls is the store of artifacts as the HTTP listeners have it.
func (s *Server) artifactCalls() *gateway.Artifacts {
	if s.artifacts == nil {
		return nil
	}
	s.artifactRates = s3api.NewRates(s.Artifacts.Rate, s.Artifacts.RatePerDevice)
	return &gateway.Artifacts{
		Handler: &s3api.Handler{
			Store:  s.artifacts,
			Bucket: s.Artifacts.Bucket,
			Region: s.Scope.Region,
			Rates:  s.artifactRates,
			HangUp: gateway.HangUp,
			Log:    s.Log,
		},
		URLKey: s.artifactKey,
		Record: s.engine.Records.Record,
	}
}

// artifactSizes knows how large artifacts are, for forecasts of what devices download.
type artifactSizes struct{ *artifact.Store }

// Size is the size of an artifact.
func (s artifactSizes) Size(ctx context.Context, key string) (bytes int64, known bool) {
	info, err := s.Find(ctx, key)
	return info.Size, err == nil
}

// openArtifact opens an artifact for the document of a job.
func (s *Server) openArtifact(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := s.artifacts.Open(ctx, key)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
		return nil, errors.New("there is no such artifact")
	case err != nil:
		return nil, err
	}
	return closer{object}, nil
}

// closer is an artifact as an io.ReadCloser.
type closer struct{ *artifact.Object }

func (c closer) Close() error {
	c.Object.Close()
	return nil
}

// placeArtifacts says where devices reach the store of artifacts, once the ports are known: at the
// host of the configuration, over HTTPS if there is that listener.
func (s *Server) placeArtifacts() {
	if s.artifacts == nil {
		return
	}
	listener := s.Endpoints.HTTPS
	if listener == "" {
		listener = s.Endpoints.HTTP
	}
	s.artifactURLs.Store = artifactEndpoint(listener, s.Host)
}

// artifactEndpoint is the address of a listener by the name of its host, without the usual port of
// its scheme: clients leave that out of the Host header, which is signed. Empty for no listener.
func artifactEndpoint(listener, host string) job.ObjectStore {
	at, err := url.Parse(listener)
	if err != nil || listener == "" {
		return ""
	}
	endpoint := at.Scheme + "://" + net.JoinHostPort(host, at.Port())
	usual := map[string]string{"http": ":80", "https": ":443"}[at.Scheme]
	return job.ObjectStore(strings.TrimSuffix(endpoint, usual))
}
