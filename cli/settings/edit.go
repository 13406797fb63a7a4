package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The shared files are edited line by line, so that comments, order and what other programs keep
// there stay as they are (R-CMD-132).

// ConfigPath is where the config file is.
func ConfigPath(getenv func(string) string) string {
	return first(getenv("AWS_CONFIG_FILE"), filepath.Join(Home(getenv), ".aws", "config"))
}

// CredentialsPath is where the credentials file is.
func CredentialsPath(getenv func(string) string) string {
	path := getenv("AWS_SHARED_CREDENTIALS_FILE")
	return first(path, filepath.Join(Home(getenv), ".aws", "credentials"))
}

// An Edit sets one key of a shared file.
type Edit struct {
	// Heads are the names of the section as they may stand in brackets. The first is that of a
	// section that must be made.
	Heads []string
	// Key is the name of the key. Inner is the name of a key in the table indented below it; "" for
	// a key that has a value itself.
	Key, Inner string
	Value      string
}

// Write makes an edit in a file, and the file and its folder when they are missing, for their owner
// only. The file has all of its old or all of its new text, whatever happens.
func (e Edit) Write(path string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".configure-") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone when all went well
	_, err = temporary.WriteString(e.Apply(string(text)))
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// Apply returns the text of a file with the edit.
func (e Edit) Apply(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	from := slices.IndexFunc(lines, func(line string) bool {
		return slices.ContainsFunc(e.Heads, func(head string) bool {
			return strings.TrimSpace(line) == "["+head+"]"
		})
	})
	if from < 0 {
		lines = append(append(lines, "["+e.Heads[0]+"]"), e.lines()...)
		return strings.Join(lines, "\n") + "\n"
	}
	from++
	to := from
	for to < len(lines) && !strings.HasPrefix(lines[to], "[") {
		to++
	}
	lines = slices.Concat(lines[:from], e.section(lines[from:to]), lines[to:])
	return strings.Join(lines, "\n") + "\n"
}

// section returns the lines of a section with the edit.
func (e Edit) section(lines []string) []string {
	at := slices.IndexFunc(lines, func(line string) bool { return names(line, e.Key) })
	if at < 0 {
		// Behind the last line that says something: blank lines divide sections.
		end := len(lines)
		for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
			end--
		}
		return slices.Concat(lines[:end], e.lines(), lines[end:])
	}
	end := at + 1
	for end < len(lines) && indented(lines[end]) {
		end++
	}
	if e.Inner == "" {
		return slices.Concat(lines[:at], e.lines(), lines[end:])
	}
	// The key becomes the head of a table, when it had a value itself.
	table := slices.DeleteFunc(slices.Clone(lines[at+1:end]), func(line string) bool {
		return names(strings.TrimSpace(line), e.Inner)
	})
	added := e.lines()
	return slices.Concat(lines[:at], added[:1], table, added[1:], lines[end:])
}

// lines are those of the key alone.
func (e Edit) lines() []string {
	if e.Inner == "" {
		return []string{e.Key + " = " + e.Value}
	}
	return []string{e.Key + " =", "  " + e.Inner + " = " + e.Value}
}

// names reports whether a line gives a value to a key.
func names(line, key string) bool {
	name, _, ok := strings.Cut(line, "=")
	return ok && !indented(line) && strings.TrimSpace(name) == key
}

// indented reports whether a line belongs to the table of the key above it.
func indented(line string) bool {
	return strings.TrimSpace(line) != "" && (line[0] == ' ' || line[0] == '\t')
}
