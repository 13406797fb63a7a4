// Package ship sends a file to devices with one call: it stores the file as an artifact of the
// server, makes the job document that names it, and creates the job (R-ART-17).
package ship

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/transfer"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/ids"
)

// Order is what is to be shipped, and where to.
type Order struct {
	File    string
	Targets []string // ARNs of things and groups
	// JobID is that of the job; empty for one made of the file's name.
	JobID string
	// Template is the name of a managed template with the parameter downloadUrl, such as
	// AWS-Download-File. Empty makes a document of Drover's own.
	Template string
	// Path is where devices are to put the file; empty leaves it to them.
	Path string
	// ExpiresInSec is for how long a URL is valid that a device has got; 0 for as long as usual.
	ExpiresInSec int
}

// The parameters of AWS-Download-File.
const (
	urlParameter  = "downloadUrl"
	pathParameter = "filePath"
)

// Create stores the file and creates the job, and returns its id. What can be wrong about the
// template is found before anything is sent.
func Create(
	ctx context.Context, c *client.Client, s *transfer.Store, o Order, p transfer.Progress,
) (jobID string, err error) {
	request := &iot.CreateJobRequest{JobID: iot.JobID(o.jobID()), Targets: o.Targets}
	if o.Template != "" {
		if request.JobTemplateArn, err = o.template(ctx, c); err != nil {
			return "", err
		}
	}
	sum, err := transfer.Sum(ctx, o.File)
	if err != nil {
		return "", err
	}
	stored, err := s.Put(ctx, o.File, o.key(sum), p)
	if err != nil {
		return "", err
	}
	if o.Template != "" {
		request.DocumentParameters = iot.DocumentParameters{urlParameter: placeholder(stored)}
		if o.Path != "" {
			request.DocumentParameters[pathParameter] = o.Path
		}
	} else {
		document, err := Document(stored, o.Path)
		if err != nil {
			return "", err
		}
		request.Document = &document
	}
	if o.ExpiresInSec != 0 {
		request.PresignedUrlConfig = &iot.PresignedUrlConfig{
			ExpiresInSec: new(iot.ExpiresInSec(o.ExpiresInSec)),
		}
	}
	if _, err := client.Call(ctx, c, iot.CreateJob, request); err != nil {
		return "", fmt.Errorf("create job %s: %w", request.JobID, err)
	}
	return string(request.JobID), nil
}

// unfit are the characters that a job id cannot have.
var unfit = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)

// jobID is the id of the job: that of the order, or the file's name with a random end, as the same
// file may be shipped twice: fw-2-5-bin-1f0c9a34.
func (o Order) jobID() string {
	if o.JobID != "" {
		return o.JobID
	}
	const nameLength, randomLength = 48, 8
	name := strings.Trim(unfit.ReplaceAllString(filepath.Base(o.File), "-"), "-")
	return name[:min(len(name), nameLength)] + "-" + ids.Random{}.UUID()[:randomLength]
}

// key is the key of the artifact: the first characters of the file's SHA-256, so that another
// content under the same name is another artifact, and its name.
func (o Order) key(sum string) string {
	const sumLength = 12
	return sum[:sumLength] + "/" + filepath.Base(o.File)
}

// placeholder is what stands for the URL of an artifact in a document (R-ART-13). The key is
// percent-encoded, because a brace in it would end the placeholder (R-PRE-10).
func placeholder(o transfer.Object) string {
	parts := strings.Split(o.Key, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return "${aws:iot:s3-presigned-url-v2:s3://" + o.Bucket + "/" + strings.Join(parts, "/") + "}"
}

// template finds the managed template and checks that it can be used with this order.
func (o Order) template(ctx context.Context, c *client.Client) (*iot.JobTemplateArn, error) {
	template, err := client.Call(ctx, c, iot.DescribeManagedJobTemplate,
		&iot.DescribeManagedJobTemplateRequest{TemplateName: iot.ManagedTemplateName(o.Template)})
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", o.Template, err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(template.DocumentParameters, func(p iot.DocumentParameter) bool {
			return p.Key != nil && string(*p.Key) == name
		})
	}
	switch {
	case !has(urlParameter):
		return nil, fmt.Errorf("template %s has no parameter %s for the address of a file",
			o.Template, urlParameter)
	case has(pathParameter) && o.Path == "":
		return nil, fmt.Errorf("template %s needs --path: where devices put the file", o.Template)
	case !has(pathParameter) && o.Path != "":
		return nil, fmt.Errorf("template %s has no parameter %s for --path",
			o.Template, pathParameter)
	}
	return &template.TemplateArn, nil
}

// Document is the job document with which a device downloads an artifact to a path; an empty path
// leaves that to the device.
func Document(stored transfer.Object, path string) (iot.Document, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Operation string `json:"operation"`
		URL       string `json:"url"`
		SHA256    string `json:"sha256"`
		Size      int64  `json:"size"`
		Path      string `json:"path,omitempty"`
	}{"download", placeholder(stored), stored.SHA256, stored.Size, path})
	return iot.Document(strings.TrimSpace(text.String())), err
}
