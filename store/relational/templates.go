package relational

import (
	"math"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

const (
	insertTemplate = `INSERT INTO job_template
		(id, created_at, template, document) VALUES (?, ?, ?, ?)`
	deleteTemplate = `DELETE FROM job_template WHERE id = ?`
	countTemplates = `SELECT count(*) FROM job_template`
	selectTemplate = `SELECT template, created_at, document FROM job_template WHERE id = ?`
	// A list leaves the documents where they are: nobody shows them there, and they are large.
	listTemplates = `SELECT template, created_at, '' FROM job_template INDEXED BY job_template_by_time
		WHERE created_at <= ?1 AND (created_at < ?1 OR id > ?2) ORDER BY created_at DESC, id LIMIT ?3`
)

func (t jobWriter) createTemplate(template job.Template) error {
	return t.stmt(insertTemplate).text(template.ID).time(template.CreatedAt).json(template).
		text(template.Document).change()
}

func (t jobWriter) deleteTemplate(id string) error { return t.stmt(deleteTemplate).text(id).change() }

func scanTemplate(s stmt) (template job.Template) {
	s.getJSON(&template)
	template.CreatedAt, template.Document = s.getTime(), s.getText()
	return template
}

func (r reader) Template(id string) (job.Template, error) {
	return one(r.stmt(selectTemplate).text(id), scanTemplate)
}

func (r reader) Templates(after *store.JobCursor, limit int) ([]job.Template, error) {
	created, id := int64(math.MaxInt64), ""
	if after != nil {
		created, id = after.CreatedAt.UnixMilli(), after.ID
	}
	return all(r.stmt(listTemplates).int(created).text(id).limit(limit), scanTemplate)
}

func (r reader) TemplateCount() (int, error) {
	return count(r.stmt(countTemplates))
}
