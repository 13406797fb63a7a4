package jobs

import (
	"context"
	"maps"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Job templates. Custom templates are stored and never change; managed ones come with the server
// and have parameters. A job takes from a template what its request does not say, whole members
// only, and keeps no tie to it (R-API-34).

// NewTemplate is what CreateJobTemplate asks for. With FromJob, the template is copied from the job
// with that id, and what Template says replaces whole members (R-TPL-1).
type NewTemplate struct {
	job.Template
	FromJob string
	Tags    []registry.Tag
}

// CreateTemplate stores a job template.
func (s *Service) CreateTemplate(
	ctx context.Context, in NewTemplate,
) (created job.Template, err error) {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	if _, _, err := job.ParseSteering(tags); err != nil {
		return created, err
	}
	if err := in.CheckConfigs(s.Limits.Requests()); err != nil { // before anything is looked up (R-ERR-9)
		return created, err
	}
	if in.DocumentSource != "" {
		if in.Document, err = s.Objects.Document(
			ctx, in.DocumentSource, s.Limits.Requests().DocumentBytes); err != nil {
			return created, err
		}
	}
	if in.FromJob == "" || in.Document != "" {
		if err := in.Check(s.stores(), s.Limits.Requests()); err != nil {
			return created, err
		}
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) (err error) {
		created = in.Template
		if in.FromJob != "" {
			if created, err = s.templateFromJob(tx, in.FromJob, in.Template); err != nil {
				return err
			}
		}
		if err := s.checkNewTemplate(tx, in.ID); err != nil {
			return err
		}
		created.CreatedAt = tx.Now
		tx.Changes.Job.CreatedTemplates = []job.Template{created}
		tx.TagNew(registry.KindTemplate, in.ID, tags)
		return nil
	})
	return created, err
}

// checkNewTemplate refuses an id that is taken (R-API-31), and one more template than is allowed
// (R-LIM-45).
func (s *Service) checkNewTemplate(tx *commit.Tx, id string) error {
	if _, err := tx.Template(id); err == nil {
		taken := fault.New(fault.Conflict, "job template %s exists already", id)
		taken.ResourceID = id // and no ARN (R-ERR-4)
		return taken
	} else if !commit.Missing(err) {
		return err
	}
	limits := s.Limits.Get()
	if limits.Templates == 0 { // what has no limit is not counted
		return nil
	}
	n, err := tx.TemplateCount()
	if err != nil {
		return err
	}
	return limits.CheckTemplates(n)
}

// templateFromJob copies a job into a template, with what the request says in place of what the job
// has.
func (s *Service) templateFromJob(
	tx *commit.Tx, jobID string, given job.Template,
) (t job.Template, err error) {
	j, err := tx.JobByID(jobID)
	if err != nil {
		return t, err
	}
	if err := j.CheckTemplateSource(); err != nil {
		return t, err
	}
	document, err := tx.Document(j.Key)
	if err != nil {
		return t, err
	}
	t = j.ToTemplate(document).Override(given)
	return t, t.Check(s.stores(), s.Limits.Requests())
}

// NoTemplate is the fault of a job template that does not exist.
func NoTemplate(id string) *fault.Error {
	return fault.New(fault.NotFound, "job template %s does not exist", id)
}

// DescribeTemplate returns a job template.
func (s *Service) DescribeTemplate(ctx context.Context, id string) (t job.Template, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		t, err = r.Template(id)
		return err
	})
	return t, commit.OrNotFound(err, NoTemplate(id))
}

// ListTemplates lists job templates, newest first.
func (s *Service) ListTemplates(
	ctx context.Context, after *store.JobCursor, limit int,
) (found []job.Template, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Templates(after, limit)
		return err
	})
	return found, err
}

// DeleteTemplate deletes a job template. Jobs that were made from it stay as they are (R-API-34).
func (s *Service) DeleteTemplate(ctx context.Context, id string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) (err error) {
		if _, err := tx.Template(id); err != nil {
			return commit.OrNotFound(err, NoTemplate(id))
		}
		tx.Changes.Job.DeletedTemplates = []string{id}
		tx.SetTags(registry.KindTemplate, id, nil)
		return nil
	})
}

// TemplateRef names the job template that a new job starts from. The zero TemplateRef is none.
type TemplateRef struct {
	Kind job.TemplateKind
	// Name is the id of a custom template, or the name of a managed one, which has a Version too
	// (R-CON-5).
	Name, Version string
}

// fillFromTemplate takes from the template that a new job names what the job does not say itself,
// and fills in parameters (R-TPL-4, R-VAL-1 to R-VAL-4).
func (s *Service) fillFromTemplate(ctx context.Context, in *NewJob) error {
	if err := in.Definition.CheckSource(in.Document, in.Template.Kind); err != nil {
		return err
	}
	if in.Template.Kind == job.NoTemplate {
		return nil
	}
	if err := s.checkGiven(in); err != nil {
		return err
	}
	if in.Template.Kind == job.BuiltInTemplate {
		return s.fillFromManaged(in)
	}
	return s.fillFromCustom(ctx, in)
}

// checkGiven checks what a job says beside its template, before the template is looked up
// (R-ERR-9).
func (s *Service) checkGiven(in *NewJob) error {
	if in.Document != "" {
		if _, err := s.checkDocument(in.Document); err != nil {
			return err
		}
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return err
	}
	if _, _, err := job.ParseSteering(tags); err != nil {
		return err
	}
	return in.Definition.Check(s.Limits.Requests(), s.Clock.Now())
}

// fillFromManaged takes document and description from a managed template.
func (s *Service) fillFromManaged(in *NewJob) error {
	template, err := s.Managed.Find(in.Template.Name, in.Template.Version)
	if err != nil {
		return err
	}
	document, err := template.Resolve(in.Definition.Parameters, s.Limits.Requests())
	if err != nil {
		return err
	}
	if in.Definition.Description == "" {
		in.Definition.Description = template.Description // R-MT-7
	}
	in.Document, in.original = document, string(template.Document)
	return nil
}

// fillFromCustom takes what the job does not say from a custom template, the settings of its
// drover: tags too (R-STR-1).
func (s *Service) fillFromCustom(ctx context.Context, in *NewJob) error {
	template, err := s.DescribeTemplate(ctx, in.Template.Name)
	if err != nil {
		return err
	}
	var tags map[string]string
	err = s.Store.Read(ctx, func(r store.Reader) error {
		tags, err = r.Tags(registry.KindTemplate, template.ID)
		return err
	})
	if err != nil {
		return err
	}
	_, steering := job.SplitTags(tags)
	for _, key := range slices.Sorted(maps.Keys(steering)) {
		given := func(t registry.Tag) bool { return t.Key == key }
		if !slices.ContainsFunc(in.Tags, given) {
			in.Tags = append(slices.Clip(in.Tags), registry.Tag{Key: key, Value: steering[key]})
		}
	}
	in.Definition = template.Fill(in.Definition)
	if in.Document == "" {
		in.Document = template.Document
	}
	return nil
}
