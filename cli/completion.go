package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/complete"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// Completion at TAB: what the tables say is there at once, and what files and the server know is
// added as far as it comes within a time. A user who waits for a key to be answered is never asked
// anything, and hears of no failure (R-CMD-146, R-CMD-147).

// completionTime is how long completion may look anything up. With the start of the program and
// what the shell does, it stays below a tenth of a second.
const completionTime = 75 * time.Millisecond

// CompletionTime is that time, or another one that is set for a server that is far away: 300ms.
func CompletionTime(getenv func(string) string) time.Duration {
	set, err := time.ParseDuration(getenv("DROVER_COMPLETION_TIME"))
	if err != nil || set <= 0 {
		return completionTime
	}
	return set
}

// completionPages is how many pages of a list are read at most: 1,250 items, or a search among
// 10,000 things (R-WIRE-27).
const completionPages = 5

// Completion answers the request of a shell's script. It returns when ctx ends, with what is there
// by then.
func Completion(ctx context.Context, r complete.Request, own []complete.Own, env Env) string {
	found := &finds{}
	done := make(chan struct{})
	// Files may hang as a server may: a folder of a network, a pipe in place of a file. What is
	// read late ends with the process.
	go func() {
		defer close(done)
		found.look(ctx, r, own, env)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return r.Write(found.answer())
}

// finds gathers an answer from several goroutines.
type finds struct {
	mu  sync.Mutex
	now complete.Answer
}

// begin sets what the tables know.
func (f *finds) begin(a complete.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = a
}

// answer is what has been found so far, each word once.
func (f *finds) answer() complete.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.now
	a.Candidates = nil
	seen := map[string]bool{}
	for _, c := range f.now.Candidates {
		if !seen[c.Text] {
			seen[c.Text] = true
			a.Candidates = append(a.Candidates, c)
		}
	}
	return a
}

// add adds a value that was looked up, when it goes on from what is written.
func (f *finds) add(w *complete.Wanted, text, about string, open bool) {
	c, ok := w.Complete(text, about, open)
	if !ok || text == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now.Candidates = append(f.now.Candidates, c)
}

// look finds all that may stand at the cursor, step by step.
func (f *finds) look(
	ctx context.Context, r complete.Request, own []complete.Own, env Env,
) {
	if r.Redirected {
		f.begin(complete.Answer{Files: true})
		return
	}
	// Words come before the texts on them, which take longer to read: a slow machine shows words
	// alone.
	p := complete.Program{Name: r.Name, Own: own}
	f.begin(complete.Complete(p, r.Line, false))
	if r.Described() {
		f.begin(complete.Complete(p, r.Line, true))
	}
	// What is looked up goes on from the words of the tables, and is added to them.
	w := f.now.Wanted
	if w == nil {
		return
	}
	switch w.Local {
	case complete.Profiles:
		names, _ := settings.ProfileNames(env.Getenv)
		f.addAll(w, names)
	case complete.Regions:
		names, _ := settings.Regions(env.Getenv)
		f.addAll(w, names)
	case complete.Paths:
		f.paths(w, env)
	}
	if len(w.Lists) > 0 {
		f.ask(ctx, w, r, env)
	}
}

// addAll adds values without texts.
func (f *finds) addAll(w *complete.Wanted, names []string) {
	for _, name := range names {
		f.add(w, name, "", false)
	}
}

// paths adds the names of files that go on from a path. Those with a dot in front are there when
// the dot is written.
func (f *finds) paths(w *complete.Wanted, env Env) {
	folder, base := "", w.Prefix
	if at := strings.LastIndexByte(base, '/'); at >= 0 {
		folder, base = base[:at+1], base[at+1:]
	}
	// The value is shown as it is written, ~ and all; only the folder that is read has another
	// name.
	path := folder
	if rest, ok := strings.CutPrefix(folder, "~/"); ok {
		path = filepath.Join(settings.Home(env.Getenv), rest)
	}
	if path == "" {
		path = "."
	}
	open, err := os.Open(path)
	if err != nil {
		return
	}
	defer open.Close()
	for {
		entries, err := open.ReadDir(256) // in pieces: a folder may be large
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
				continue
			}
			name := folder + e.Name()
			if e.IsDir() {
				f.add(w, name+"/", "", true)
			} else {
				f.add(w, name, "", false)
			}
		}
		if err != nil || len(entries) == 0 {
			return
		}
	}
}

// ask asks the server for the lists that are wanted, all at once.
func (f *finds) ask(ctx context.Context, w *complete.Wanted, r complete.Request, env Env) {
	// The settings are those that the line would have as a command, as far as it is written. Only
	// the control plane has lists.
	var line command.Line
	_ = line.ReadGlobals(r.Line.Before)
	call := &call{env: env, service: command.Services[0], line: line}
	from := call.sources()
	from.AtHand = true
	s, err := settings.Find(from)
	if err != nil {
		return
	}
	if !line.Has("no-sign-request") && s.FindCredentials(ctx) != nil {
		return
	}
	out, err := newSender(call, s)
	if err != nil {
		return
	}
	defer out.transport.HTTP.CloseIdleConnections()
	// Each list adds what it has, page by page, as long as somebody waits for it.
	var all sync.WaitGroup
	for _, list := range w.Lists {
		all.Go(func() { f.readList(ctx, w, list, *out) })
	}
	all.Wait()
}

// readList reads the first pages of a list and adds the values in them, page by page. A failure
// ends the list, and nothing is tried again.
func (f *finds) readList(ctx context.Context, w *complete.Wanted, list complete.List, out sender) {
	out.op = list.Operation.Describe()
	in := &value.Object{}
	for name, text := range list.Parameters {
		in.Set(name, text)
	}
	// A search may answer with an empty page and go on behind it, so that the end is where no token
	// is, and not where nothing comes.
	for range completionPages {
		r, err := out.build(in)
		if err != nil {
			return
		}
		body, failed := out.attempt(ctx, r, 1)
		if failed != nil {
			return
		}
		v, err := value.ParseJSON(string(body))
		answer, ok := v.(*value.Object)
		if err != nil || !ok {
			return
		}
		f.addItems(w, list, out.op, answer)
		asks, answers := list.Tokens(out.op)
		token := answer.Text(answers)
		if token == "" {
			return
		}
		in.Set(asks, token)
	}
}

// addItems adds the values in one page of a list.
func (f *finds) addItems(
	w *complete.Wanted, list complete.List, op *schema.Description, answer *value.Object,
) {
	found, _ := answer.Get(list.Items(op))
	items, _ := found.(value.List)
	for _, item := range items {
		text, about := list.Value(item)
		f.add(w, text, about, false)
	}
}
