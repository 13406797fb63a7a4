package config

import (
	"flag"
	"io"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A sample has a setting of every kind.
type sample struct {
	region, level, key string
	jobs               int
	rate               float64
	keep               time.Duration
	open, virtual      bool
}

func (s *sample) settings() []Setting {
	return []Setting{
		{Name: "region", About: "`name`", Value: Text(&s.region)},
		{Name: "log", About: "`level`", Value: Choice(&s.level, "debug", "info", "warn")},
		{Name: "max-jobs", Unit: "jobs", About: "`number`", Value: Whole(&s.jobs, Bounds{Least: 8, Most: 100, Zero: "any number"})},
		{Name: "control-rate", About: "`number`", Value: Decimal(&s.rate, Bounds{Zero: "any number"})},
		{Name: "retention", About: "`duration`", Value: Duration(&s.keep, Bounds{Least: 60, Most: 7200})},
		{Name: "open-plain", About: "open", Value: Switch(&s.open)},
		{Name: "clock", About: "`real|virtual`", Value: Words(&s.virtual, "real", "virtual")},
		{Name: "secret-key", About: "a key", VariableOnly: true, Shown: func(string) string { return "(not shown)" }, Value: Text(&s.key)},
	}
}

// defaults are the values that nobody has set.
func defaults() *sample { return &sample{region: "default", level: "info", jobs: 10, keep: time.Hour} }

// load loads a sample from a file of this content, variables, and words of a command line.
func load(t *testing.T, content string, environ []string, words ...string) (*sample, Loaded, error) {
	t.Helper()
	path := ""
	if content != "" {
		path = filepath.Join(t.TempDir(), "drover.yaml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := defaults()
	flags := flag.NewFlagSet("sample", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := Flags(flags, s.settings())
	if err := flags.Parse(words); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(s.settings(), Sources{
		File:           path,
		Environ:        environ,
		OtherVariables: []string{"DROVER_CONFIG"},
		Given:          *given,
	})
	return s, loaded, err
}

// A flag counts before a variable, that before the file, and that before the default; each value has
// its origin.
func TestPrecedence(t *testing.T) { // R-CFG-2, R-CFG-5
	t.Parallel()
	for _, row := range []struct {
		name, file, variable, flag string
		want, from                 string
	}{
		{name: "nothing", want: "default", from: "default"},
		{name: "the file", file: "# why\nregion: of-file", want: "of-file", from: "drover.yaml:2"},
		{name: "a variable", variable: "of-variable", want: "of-variable", from: "DROVER_REGION"},
		{name: "a flag", flag: "of-flag", want: "of-flag", from: "--region"},
		{name: "file and variable", file: "region: of-file", variable: "of-variable", want: "of-variable", from: "DROVER_REGION"},
		{name: "file and flag", file: "region: of-file", flag: "of-flag", want: "of-flag", from: "--region"},
		{name: "variable and flag", variable: "of-variable", flag: "of-flag", want: "of-flag", from: "--region"},
		{name: "all", file: "region: of-file", variable: "of-variable", flag: "of-flag", want: "of-flag", from: "--region"},
	} {
		var environ, words []string
		if row.variable != "" {
			environ = []string{"DROVER_REGION=" + row.variable, "REGION=other"}
		}
		if row.flag != "" {
			words = []string{"--region", "before", "--region=" + row.flag}
		}
		got, loaded, err := load(t, row.file, environ, words...)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		rows := InForce(got.settings(), loaded.Origins)
		if got.region != row.want || rows[0].Value != row.want || !strings.HasSuffix(rows[0].From, row.from) {
			t.Errorf("%s: %q, shown as %+v, want %q from %s", row.name, got.region, rows[0], row.want, row.from)
		}
		if rows[1].From != "default" {
			t.Errorf("%s: another setting came from %s", row.name, rows[1].From)
		}
	}
}

// Each kind of value is read from each source.
func TestKinds(t *testing.T) { // R-CFG-1
	t.Parallel()
	want := sample{"", "warn", "k=v", 0, 0.5, 90 * time.Minute, true, true}
	values := map[string]string{
		"region": "", "log": "warn", "max-jobs": "0", "control-rate": "0.5", "retention": "1h30m",
		"open-plain": "true", "clock": "virtual",
	}
	var lines, environ, words []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		line := name + ": " + value
		if value == "" {
			line += `""`
		}
		lines = append(lines, line)
		environ = append(environ, Variable(name)+"="+value)
		words = append(words, "--"+name+"="+value)
	}
	secret := "DROVER_SECRET_KEY=k=v"
	for name, source := range map[string]func() (*sample, Loaded, error){
		"file": func() (*sample, Loaded, error) {
			return load(t, strings.Join(lines, "\n"), []string{secret})
		},
		"variables": func() (*sample, Loaded, error) { return load(t, "", append(environ, secret)) },
		"flags":     func() (*sample, Loaded, error) { return load(t, "", []string{secret}, words...) },
		"a flag without its value": func() (*sample, Loaded, error) {
			return load(t, "", append(environ, secret, "DROVER_OPEN_PLAIN=0"), "--open-plain")
		},
	} {
		got, loaded, err := source()
		if err != nil || *got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
		shown := InForce(got.settings(), loaded.Origins)
		if last := shown[len(shown)-1]; last != (Row{"secret-key", "(not shown)", "DROVER_SECRET_KEY"}) {
			t.Errorf("%s: the secret is shown as %+v", name, last)
		}
		if shown[0].Value != `""` {
			t.Errorf("%s: the empty text is shown as %s", name, shown[0].Value)
		}
	}
}

// A wrong value is refused with the same sentence whatever its source, which is named, also when
// another value would count.
func TestWrongValues(t *testing.T) { // R-CFG-6
	t.Parallel()
	for _, row := range []struct{ name, value, says string }{
		{"max-jobs", "7", "7 must be a whole number, 8 to 100; 0: any number"},
		{"max-jobs", "101", "101 must be a whole number, 8 to 100; 0: any number"},
		{"max-jobs", "ten", "ten must be a whole number, 8 to 100; 0: any number"},
		{"max-jobs", "10.5", "10.5 must be a whole number"},
		{"control-rate", "-1", "-1 must be a number, 0 or more; 0: any number"},
		{"control-rate", "NaN", "NaN must be a number"},
		{"control-rate", "Inf", "Inf must be a number"},
		{"retention", "59s", "59s must be a duration like 36h or 1m30s, 1m to 2h"},
		{"retention", "3h", "3h must be a duration"},
		{"retention", "60", "60 must be a duration"},
		{"open-plain", "perhaps", "perhaps must be true or false"},
		{"log", "Info", "Info must be debug, info or warn"},
		{"clock", "two words", `"two words" must be real or virtual`},
	} {
		_, _, err := load(t, "region: x\n"+row.name+": "+row.value, []string{Variable(row.name) + "="})
		wantError(t, err, "drover.yaml:2: "+row.name+": "+row.says)
		_, _, err = load(t, "", []string{Variable(row.name) + "=" + row.value}, "--"+row.name+"=1")
		wantError(t, err, Variable(row.name)+": "+row.says)
		_, _, err = load(t, "", nil, "--"+row.name+"="+row.value)
		wantError(t, err, "--"+row.name+": "+row.says)
	}
	s := defaults()
	s.jobs = 3
	origins := Origins{"max-jobs": {Environment, "DROVER_MAX_JOBS"}}
	wantError(t, Check(s.settings(), origins), "DROVER_MAX_JOBS: 3 must be a whole number")
	wantError(t, Check(s.settings(), nil), "--max-jobs: 3 must be a whole number")
}

// A file that is not lines of names and values is refused, with the line that is wrong.
func TestWrongFiles(t *testing.T) { // R-CFG-3
	t.Parallel()
	for _, row := range []struct{ name, content, says string }{
		{"an unknown key", "regoin: x", `drover.yaml:1: there is no setting "regoin" (did you mean region?)`},
		{"underscores", "\nmax_jobs: 9", `drover.yaml:2: there is no setting "max_jobs" (did you mean max-jobs?)`},
		{"a key like no other", "banana: x", `drover.yaml:1: there is no setting "banana"`},
		{"a secret", "secret-key: x", "drover.yaml:1: secret-key stands in the variable DROVER_SECRET_KEY only"},
		{"a key twice", "region: x\n\nregion: y", "drover.yaml:3: region stands in "},
		{"no value", "region:", `drover.yaml:1: region: has no value; the empty text is ""`},
		{"a list", "region: [x]", "drover.yaml:1: region: must be a single value"},
		{"an alias", "log: &a info\nregion: *a", "drover.yaml:2: region: must be a single value"},
		{"a list of lines", "- region: x", "drover.yaml:1: must be lines like region: eu-west-1"},
		{"a word", "region", "drover.yaml:1: must be lines like"},
		{"no YAML", "region: x\nlog: \"info", "drover.yaml:"},
		{"two documents", "region: x\n---\nlog: info", "drover.yaml:"},
		{"too long", strings.Repeat("#", maxFile+1), "is longer than 1048576 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := load(t, row.content, nil)
			wantError(t, err, row.says)
		})
	}
	for _, content := range []string{"# nothing\n", "---\n", "null", "\ufeffregion: default"} {
		if got, _, err := load(t, content, nil); err != nil || *got != *defaults() {
			t.Errorf("%q: got %+v, %v", content, got, err)
		}
	}
	_, err := Load(nil, Sources{File: "/nowhere/drover.yaml"})
	wantError(t, err, "/nowhere/drover.yaml")
}

// A variable that begins like those of settings and is none is said, without its value.
func TestUnknownVariables(t *testing.T) { // R-CFG-4
	t.Parallel()
	_, loaded, err := load(t, "", []string{
		"DROVER_REGOIN=hush", "DROVER_CONFIG=x", "OTHER=x", "DROVER_PORT_80_TCP=x", "DROVER_REGION=x",
	})
	want := []string{
		"the variable DROVER_PORT_80_TCP is no setting of drover",
		"the variable DROVER_REGOIN is no setting of drover (did you mean DROVER_REGION?)",
	}
	if err != nil || !slices.Equal(loaded.Unknown, want) {
		t.Errorf("got %q, %v, want %q", loaded.Unknown, err, want)
	}
}

// wantError checks that an error has these words.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

// A number may be larger than an int of 32 bits where its setting says so; others are refused, and never
// cut off.
func TestLargeNumbers(t *testing.T) { // R-CFG-6, R-SVC-5
	t.Parallel()
	var bytes int64
	if err := Whole(&bytes, Bounds{}).Set("5000000000"); err != nil || bytes != 5_000_000_000 {
		t.Errorf("got %d, %v", bytes, err)
	}
	small := 7
	err := Whole(&small, Bounds{}).Set("4294967297") // 1 in 32 bits
	if fits := bits.UintSize == 64; fits != (err == nil) || !fits && small != 7 {
		t.Errorf("with %d bits: got %d, %v", bits.UintSize, small, err)
	}
	if err := Whole(&bytes, Bounds{}).Set("9223372036854775808"); err == nil {
		t.Errorf("got %d, which is larger than any number", bytes)
	}
}
