package jobs

import (
	"context"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// What CreateJob and CreateJobTemplate ask of object stores and other hosts before their commit:
// the document behind a link, and whether what a document names is there. It is asked on the
// goroutine of the request, so a slow host makes nobody else wait; and after everything that can be
// checked without it.

// Objects asks object stores. The errors of Document and Check are faults, which say what the
// operator did wrong.
type Objects interface {
	// Document reads the job document behind a link, of at most so many bytes and within a limit of
	// time (R-DOC-13).
	Document(ctx context.Context, link string, most int) (string, error)
	// Check refuses objects that a new job must not name: an upload bucket that the role does not
	// reach, a version that does not exist (refusals 2, 3 and 5).
	Check(ctx context.Context, role string, objects []job.Object) error
	// Prepare returns once URLs can be signed for a role, or cannot be; Ready says which.
	Prepare(ctx context.Context, role string)
	// Ready says why URLs cannot be signed for a role now; nil when they can. It does no I/O: it is
	// called within commits.
	Ready(role string) error
}

// noObjects is Objects for a server that asks nobody.
type noObjects struct{}

func (noObjects) Document(context.Context, string, int) (string, error) {
	return "", fault.New(fault.Invalid, "documentSource: this server reads no documents by link")
}

func (noObjects) Check(context.Context, string, []job.Object) error { return nil }

func (noObjects) Prepare(context.Context, string) {}

func (noObjects) Ready(string) error { return nil }

// stores is what placeholders may name beside the hosts of AWS.
func (s *Service) stores() job.Stores { return job.Stores{Own: s.ObjectStore, Uploads: s.Uploads} }

// checkDocument checks a document and returns its placeholders.
func (s *Service) checkDocument(text string) ([]job.Placeholder, error) {
	placeholders, err := job.CheckDocument(text, s.ObjectStore, s.Limits.Requests())
	if err != nil {
		return nil, err
	}
	return placeholders, job.CheckUploads(placeholders, s.stores())
}

// readLink reads the document of a new job that has it by a link, once and for all (R-DOC-3).
// Mistakes beside the document are found first.
func (s *Service) readLink(ctx context.Context, in *NewJob) (err error) {
	if in.Definition.DocumentSource == "" {
		return nil
	}
	in.Document = ""
	if err := s.checkGiven(in); err != nil {
		return err
	}
	in.Document, err = s.Objects.Document(
		ctx, in.Definition.DocumentSource, s.Limits.Requests().DocumentBytes)
	return err
}

// checkObjects refuses a new job whose role cannot be used, or that names what is not there.
func (s *Service) checkObjects(
	ctx context.Context, d job.Definition, placeholders []job.Placeholder,
) error {
	if !d.NeedsRole {
		return nil
	}
	return s.Objects.Check(ctx, d.Role(), job.Objects(placeholders, s.stores()))
}

// Artifacts are the keys of the artifacts of this server's own store that a document names.
func (s *Service) Artifacts(document string) (keys []string) {
	// The limits may be lower than when the document was checked (R-LIM-55).
	placeholders, err := job.CheckDocument(document, s.ObjectStore, job.MostRequestLimits)
	if err != nil { // it was checked, or is of before
		return nil
	}
	for _, o := range job.Objects(placeholders, s.stores()) {
		if o.Artifact && !o.Upload {
			keys = append(keys, o.Key)
		}
	}
	return keys
}
