package app

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/drover-iot/drover/job"
)

// builtIn holds the managed job templates that come with the server.
//
//go:embed managed/*.json
var builtIn embed.FS

// reserved is the prefix of the names of built-in templates: those of operators have another
// (R-MT-8).
const reserved = "AWS-"

// managedFolder is the folder, inside the data folder, of the operators' own managed templates:
// files like those in app/managed.
const managedFolder = "managed-templates"

// openManaged reads the managed templates, those of the server and those of its operators, of which
// placeholders may name the server's own object store.
func openManaged(data string, store job.ObjectStore) (job.ManagedTemplates, error) {
	folder, err := fs.Sub(builtIn, "managed")
	if err != nil {
		return nil, err
	}
	templates, err := readManaged(folder, store)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(data, managedFolder)
	own, err := readManaged(os.DirFS(path), store)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, m := range own {
		if strings.HasPrefix(m.Name, reserved) {
			return nil, fmt.Errorf("%s: template %s: names that begin with %s are reserved",
				path, m.Name, reserved)
		}
	}
	return job.NewManagedTemplates(append(templates, own...))
}

// readManaged reads every .json file of a folder, none where there is no folder.
func readManaged(
	folder fs.FS, store job.ObjectStore,
) (templates []job.ManagedTemplate, err error) {
	files, err := fs.Glob(folder, "*.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, file := range files {
		data, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		m, err := job.ParseManagedTemplate(data, store)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		templates = append(templates, m)
	}
	return templates, nil
}
