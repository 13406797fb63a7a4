package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/drover-iot/drover/test/testserver"
)

// Completion in the three shells, each on a terminal with its own line editor: what is typed, TAB,
// and the line that comes of it (R-CMD-144, R-CMD-145).

// showKey is Ctrl-T, which each of the shells is told to write its line into a file for.
const showKey = "\x14"

// A shell is one of the shells on a terminal.
type shell struct {
	t        *testing.T
	name     string
	terminal *os.File
	screen   *testserver.Output
	line     string // the file that Ctrl-T writes
}

// shellHome is a home folder with drover and aws on its path, and the environment of a shell there.
// aws is a link.
func (s *server) shellHome() (home string, env []string) {
	s.T.Helper()
	home = s.T.TempDir()
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		s.T.Fatal(err)
	}
	for _, name := range []string{"drover", "aws"} {
		if err := os.Symlink(testserver.Binary, filepath.Join(bin, name)); err != nil {
			s.T.Fatal(err)
		}
	}
	env = s.environment(home)
	env[0] = "PATH=" + bin + ":" + os.Getenv("PATH")
	// Unless they are there, fish makes completions of all man pages in the background, and goes on
	// with that when it has ended.
	made := filepath.Join(home, ".local", "share", "fish", "generated_completions")
	if err := os.MkdirAll(made, 0o700); err != nil {
		s.T.Fatal(err)
	}
	// On a machine that is busy with other tests the server may be late. How late it may be is
	// tested apart.
	env = append(env, "DROVER_COMPLETION_TIME=15s")
	return home, append(env, "TERM=vt100", "LC_ALL=C.UTF-8", "ZDOTDIR="+home,
		"LINE="+filepath.Join(home, "line"), "INPUTRC=/dev/null")
}

// The start files of the shells. Each lets Ctrl-T write the line, and says when it is ready.
var startFiles = map[string]string{
	"bash": `PS1='READY> '
bind -x '"\C-t": printf "%s\n" "$READLINE_LINE" > "$LINE.new"; mv "$LINE.new" "$LINE"'
bind 'set bell-style none'
`,
	"zsh": `PS1='READY> '
unsetopt beep
show() { print -r -- "$BUFFER" > "$LINE.new"; mv "$LINE.new" "$LINE" }
zle -N show
bindkey '^T' show
fpath=("$HOME/completions" $fpath)
autoload -Uz compinit && compinit -u -D
`,
	"fish": `function fish_prompt; echo -n 'READY> '; end
function fish_greeting; end
function show; commandline > "$LINE.new"; mv "$LINE.new" "$LINE"; end
bind \ct show
`,
}

// startShell starts a shell on a terminal, with more lines at the end of its start file.
func (s *server) startShell(t *testing.T, name, home string, env []string, more string) *shell {
	t.Helper()
	start := map[string]string{"bash": ".start", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
	path := filepath.Join(home, start[name])
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(startFiles[name]+more), 0o600); err != nil {
		t.Fatal(err)
	}
	args := map[string][]string{
		"bash": {"--noprofile", "--rcfile", path, "-i"}, "zsh": {"-i"}, "fish": {"-i"},
	}
	command := exec.CommandContext(t.Context(), program(t, name), args[name]...)
	command.Env, command.Dir = env, home
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 60, Cols: 200})
	if err != nil {
		t.Fatal(err)
	}
	sh := &shell{t, name, terminal, &testserver.Output{}, filepath.Join(home, "line")}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			_, _ = sh.screen.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = terminal.Close()
		<-read
	})
	sh.wait("the prompt", func() bool { return strings.Contains(sh.screen.String(), "READY> ") })
	return sh
}

// program is the path of a shell, which the set-up of the tests installs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s: run make setup", name)
	}
	return path
}

// wait polls until something is so.
func (sh *shell) wait(what string, is func() bool) {
	sh.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			sh.t.Fatalf("%s: no %s; the screen:\n%q", sh.name, what, sh.screen)
		}
	}
}

// keys types keys.
func (sh *shell) keys(keys string) {
	sh.t.Helper()
	if _, err := sh.terminal.WriteString(keys); err != nil {
		sh.t.Fatal(err)
	}
}

// becomes types keys, and compares the line that comes of them.
func (sh *shell) becomes(typed, want string) {
	sh.t.Helper()
	if got := sh.edited(typed); got != want {
		sh.t.Errorf("%s: %q is %q, want %q", sh.name, typed, got, want)
	}
}

// edited types keys at an empty prompt, and returns the line that comes of them. The line is thrown
// away then: Ctrl-E goes to its end, Ctrl-U removes it.
func (sh *shell) edited(keys string) string {
	sh.t.Helper()
	_ = os.Remove(sh.line)
	sh.keys(keys + showKey)
	var text []byte
	sh.wait("line for "+keys, func() (is bool) {
		var err error
		text, err = os.ReadFile(sh.line)
		return err == nil
	})
	sh.keys("\x05\x15")
	return strings.TrimSuffix(string(text), "\n")
}

// fill makes what the lines of the tests complete.
func (s *server) fill(home string, env []string) {
	s.T.Helper()
	drover := commandLine{t: s.T, program: []string{testserver.Binary}, env: env, dir: home}
	drover.ok("iot", "create-thing", "--thing-name", "pump-07")
	drover.ok("iot", "create-thing-group", "--thing-group-name", "north-site")
	drover.ok("iot", "create-job", "--job-id", "hello", "--document", `{"a":1}`,
		"--targets", "arn:aws:iot:"+s.Region+":"+s.Account+":thing/pump-07")
	if err := os.WriteFile(filepath.Join(home, "a document.json"), nil, 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// completions are what is typed, and the line that comes of it, the same in all shells unless zsh or
// fish are there: at the end of an open quote bash writes the quote alone, and fish writes no
// blank where there is one already.
var completions = []struct{ typed, line, zsh, fish string }{
	{typed: "drover artif\t", line: "drover artifact "},
	{typed: "drover artifact remo\t", line: "drover artifact remove "},
	{typed: "drover artifact put a\t", line: `drover artifact put a\ document.json `},
	{typed: "drover serve --artifact-b\t", line: "drover serve --artifact-bucket "},
	{typed: "drover completion zs\t", line: "drover completion zsh "},
	{typed: "drover iot list-job-t\t", line: "drover iot list-job-templates "},
	{typed: "drover aws iot list-job-t\t", line: "drover aws iot list-job-templates "},
	{typed: "drover --out\tte\tiot des\t", line: "drover --output text iot describe-"},
	{typed: "drover configure se\toutp\tyaml-\t", line: "drover configure set output yaml-stream "},
	{typed: "drover iot describe-job --job\t", line: "drover iot describe-job --job-id "},
	{typed: "drover iot describe-job --job-id h\t", line: "drover iot describe-job --job-id hello "},
	{typed: "drover iot describe-job --job-id=h\t", line: "drover iot describe-job --job-id=hello "},
	{typed: "drover iot describe-job --job-id zzz\t", line: "drover iot describe-job --job-id zzz"},
	{typed: "drover iot create-job --targets arn:\t",
		line: "drover iot create-job --targets arn:aws:iot:us-east-1:000000000000:thing"},
	{typed: "drover iot create-job --targets arn:aws:iot:us-east-1:000000000000:thingg\t",
		line: "drover iot create-job --targets arn:aws:iot:us-east-1:000000000000:thinggroup/north-site "},
	{typed: "drover iot create-job --targets=arn:aws:iot:us-east-1:000000000000:thingg\t",
		line: "drover iot create-job --targets=arn:aws:iot:us-east-1:000000000000:thinggroup/north-site "},
	{typed: "drover iot create-job --targets 'arn:aws:iot:us-east-1:000000000000:thingg\t",
		line: "drover iot create-job --targets 'arn:aws:iot:us-east-1:000000000000:thinggroup/north-site'",
		zsh:  "drover iot create-job --targets 'arn:aws:iot:us-east-1:000000000000:thinggroup/north-site' ",
		fish: "drover iot create-job --targets 'arn:aws:iot:us-east-1:000000000000:thinggroup/north-site' "},

	// Shorthand.
	{typed: "drover iot create-job --abort-config cr\t",
		line: "drover iot create-job --abort-config criteriaList="},
	{typed: "drover iot create-job --abort-config 'cr\t",
		line: "drover iot create-job --abort-config 'criteriaList="},
	{typed: "drover iot create-job --abort-config 'criteriaList=[{failureType=FA\t",
		line: "drover iot create-job --abort-config 'criteriaList=[{failureType=FAILED"},
	{typed: "drover iot create-job --abort-config 'criteriaList=[{failureType=FAILED,act\t",
		line: "drover iot create-job --abort-config 'criteriaList=[{failureType=FAILED,action="},

	// Files.
	{typed: "drover iot create-job --document fil\t", line: "drover iot create-job --document file://"},
	{typed: "drover iot create-job --document file://a\t",
		line: `drover iot create-job --document file://a\ document.json `},
	{typed: "drover iot list-things --ca-bundle a\t",
		line: `drover iot list-things --ca-bundle a\ document.json `},
	{typed: "drover iot list-things > a\t", line: `drover iot list-things > a\ document.json `},

	// What is wrong stays as it is: an open quote, an unknown command, a second "--".
	{typed: "drover iot describe-job --job-id 'x h\t", line: "drover iot describe-job --job-id 'x h"},
	{typed: "drover iot bogus --job\t", line: "drover iot bogus --job"},
	{typed: "drover iot describe-job -- --job\t", line: "drover iot describe-job -- --job"},

	// The cursor in the middle: six times to the left.
	{typed: "drover iot describe-job --job-id h --debu" + strings.Repeat("\x1b[D", 7) + "\t",
		line: "drover iot describe-job --job-id hello  --debu",
		fish: "drover iot describe-job --job-id hello --debu"},

	// The program by its other name has the commands of the API alone.
	{typed: "aws iot list-job-t\t", line: "aws iot list-job-templates "},
	{typed: "aws iot describe-job --job-id h\t", line: "aws iot describe-job --job-id hello "},
	{typed: "aws artif\t", line: "aws artif"},
}

// The three shells, with the script read in the start file, and installed where each looks for one
// (R-CMD-144).
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	s := serve(t)
	home, env := s.shellHome()
	s.fill(home, env)
	for _, name := range []string{"bash", "zsh", "fish"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, env := s.shellHome()
			if err := os.WriteFile(filepath.Join(home, "a document.json"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			read := "source <(drover completion NAME)\nsource <(aws completion NAME)\n"
			if name == "fish" {
				read = "drover completion NAME | source\naws completion NAME | source\n"
			}
			sh := s.startShell(t, name, home, env, strings.ReplaceAll(read, "NAME", name))
			for _, row := range completions {
				want := map[string]string{"zsh": row.zsh, "fish": row.fish}[name]
				if want == "" {
					want = row.line
				}
				sh.becomes(row.typed, want)
			}
		})
	}
}

// Installed as drover completion --help says. In bash that needs the package bash-completion, which
// changes how words are divided.
func TestCompletionInstalled(t *testing.T) {
	t.Parallel()
	s := serve(t)
	home, env := s.shellHome()
	s.fill(home, env)
	files := map[string]string{
		"bash": ".local/share/bash-completion/completions/drover",
		"zsh":  "completions/_drover",
		"fish": ".config/fish/completions/drover.fish",
	}
	more := map[string]string{"bash": "source /usr/share/bash-completion/bash_completion\n"}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, env := s.shellHome()
			path := filepath.Join(home, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			drover := commandLine{t: t, program: []string{filepath.Join(home, "bin/drover")}, env: env}
			err := os.WriteFile(path, []byte(drover.ok("completion", name)), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			sh := s.startShell(t, name, home, env, more[name])
			const arn = "arn:aws:iot:us-east-1:000000000000:thing"
			for typed, want := range map[string]string{
				"drover iot describe-job --job-id h\t":           "drover iot describe-job --job-id hello ",
				"drover iot create-job --targets " + arn + "/\t": "drover iot create-job --targets " + arn + "/pump-07 ",
			} {
				sh.becomes(typed, want)
			}
		})
	}
}

// zsh and fish show texts beside candidates; the options come in the order of the table, required
// ones first, in bash too.
func TestCompletionLists(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, want := range map[string][]string{
		"bash": {"--job-id", "--targets", "--document-source"},
		"zsh":  {"--job-id", "-- [required] The name you give a job", "--targets"},
		"fish": {"job-id", "([required] The name you give a job", "targets"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, env := s.shellHome()
			more := "source <(drover completion " + name + ")\n"
			if name == "fish" {
				more = "drover completion fish | source\n"
			}
			sh := s.startShell(t, name, home, env, more)
			sh.keys("drover iot create-job --\t\t")
			sh.wait("list of options", func() bool {
				rest := sh.screen.String()
				for _, part := range want {
					_, after, found := strings.Cut(rest, part)
					if !found {
						return false
					}
					rest = after
				}
				return true
			})
		})
	}
}

// A wrong line of drover completion says what is right (R-CMD-144).
func TestCompletionCommand(t *testing.T) {
	t.Parallel()
	drover := commandLine{t: t, program: []string{testserver.Binary}, env: []string{"HOME=" + t.TempDir()}}
	for _, row := range []struct {
		args    string
		status  int
		problem string
	}{
		{"completion", 2, "usage: drover completion bash|zsh|fish [options]"},
		{"completion bash zsh", 2, "usage: drover completion"},
		{"completion tcsh", 2, `no script for "tcsh"; there are those for bash, zsh, fish`},
		{"completion fsh", 2, "(did you mean"},
		{"completion bash --for a;b", 1, "must be the name of a command"},
		{"completion bash --for aws", 0, ""},
		// What only scripts call says nothing, whatever it is called with.
		{"__complete", 0, ""},
		{"__complete fish drover 9 iot", 0, ""},
		{"__complete tcsh drover 0 iot", 0, ""},
	} {
		out, problem, status := drover.run(strings.Fields(row.args)...)
		if status != row.status || !strings.Contains(problem, row.problem) || row.problem == "" && problem != "" {
			t.Errorf("%s: status %d, %q", row.args, status, problem)
		}
		if strings.HasSuffix(row.args, "--for aws") != strings.Contains(out, "drover __complete bash aws ") {
			t.Errorf("%s prints %q", row.args, out)
		}
	}
}
