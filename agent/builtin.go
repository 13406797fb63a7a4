package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/agent/action"
	"github.com/drover-iot/drover/agent/document"
	"github.com/drover-iot/drover/agent/fetch"
)

// The handlers of the managed templates, for devices whose owner has none of that name (R-AGT-9).

// A builtIn is a handler of the agent's own.
type builtIn struct {
	// check refuses arguments that cannot work.
	check func(document.Step) error
	do    func(context.Context, *run, document.Step) (action.Result, error)
	// always says that do is called also where the owner has a handler of the name.
	always bool
}

var builtIns map[string]*builtIn

func init() { // not a value: reboot asks for what the map has
	builtIns = map[string]*builtIn{
		"reboot.sh":           {check: noArguments, do: reboot, always: true},
		"download-file.sh":    {check: checkDownload, do: download},
		"install-packages.sh": {check: checkNames, do: packages("install")},
		"remove-packages.sh":  {check: checkNames, do: packages("remove")},
		"start-services.sh":   {check: checkNames, do: services("start")},
		"stop-services.sh":    {check: checkNames, do: services("stop")},
		"restart-services.sh": {check: checkNames, do: services("restart")},
	}
}

func noArguments(s document.Step) error {
	if len(s.Args) > 0 {
		return fmt.Errorf("%s takes no arguments", s.Handler)
	}
	return nil
}

// checkNames refuses a step without names, and names that would be options of a command.
func checkNames(s document.Step) error {
	names := namesOf(s)
	if len(names) == 0 {
		return fmt.Errorf("%s needs names", s.Handler)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "-") {
			return fmt.Errorf("%s: %q is no name", s.Handler, name)
		}
	}
	return nil
}

// namesOf are the names in the arguments, with blanks between them.
func namesOf(s document.Step) []string { return strings.Fields(strings.Join(s.Args, " ")) }

// checkDownload checks URL, PATH and perhaps a SHA-256.
func checkDownload(s document.Step) error {
	switch {
	case len(s.Args) < 2 || len(s.Args) > 3:
		return fmt.Errorf("%s takes a URL, a path and perhaps a SHA-256, not %d arguments", s.Handler, len(s.Args))
	case !strings.HasPrefix(s.Args[0], "https://") && !strings.HasPrefix(s.Args[0], "http://"):
		return fmt.Errorf("%s: the first argument is no URL", s.Handler)
	case !filepath.IsAbs(s.Args[1]):
		return fmt.Errorf("%s: the path %q does not begin at the root", s.Handler, s.Args[1])
	}
	if sum := sumOf(s); sum != "" {
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			return fmt.Errorf("%s: %q is no SHA-256 in hexadecimal", s.Handler, sum)
		}
	}
	return nil
}

func sumOf(s document.Step) string {
	if len(s.Args) < 3 {
		return ""
	}
	return s.Args[2]
}

// download fetches a file. A URL that has expired is asked for again: the document of an execution has
// a new one each time that it is delivered (R-AGT-14).
func download(ctx context.Context, r *run, s document.Step) (action.Result, error) {
	index := r.p.Step
	shown := ""
	err := r.fetcher.File(ctx, fetch.Request{
		URL: s.Args[0], Path: s.Args[1], SHA256: sumOf(s),
		Renew: func(ctx context.Context) (string, error) { return r.renewed(ctx, index) },
		Progress: func(have, all int64) {
			text := strconv.FormatInt(have>>20, 10) + " MiB"
			if all > 0 {
				text = strconv.FormatInt(have*100/all, 10) + "%"
			}
			if text != shown {
				shown = text
				r.report.progress(text)
			}
		},
	})
	if err == nil {
		err = give(s.Args[1], s.RunAs)
	}
	return action.Result{}, err
}

// renewed is the URL of a download in the document as it is delivered now.
func (r *run) renewed(ctx context.Context, index int) (string, error) {
	now, err := r.jobs.describe(ctx, r.p.JobID)
	if err != nil {
		return "", err
	}
	if now == nil {
		return "", errEnded
	}
	d, err := document.Parse(now.Document)
	if err != nil {
		return "", err
	}
	all := d.All()
	if index >= len(all) || len(all[index].Args) == 0 {
		return "", errors.New("the document has no such step any more")
	}
	return all[index].Args[0], nil
}

// give makes a file that of the user that a document names.
func give(path, name string) error {
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	if uid == os.Geteuid() {
		return nil
	}
	return os.Chown(path, uid, gid)
}

// installers are package managers, with their words for the two verbs.
var installers = []struct {
	program         string
	install, remove []string
}{
	{"apt-get", []string{"install", "-y"}, []string{"remove", "-y"}},
	{"dnf", []string{"install", "-y"}, []string{"remove", "-y"}},
	{"yum", []string{"install", "-y"}, []string{"remove", "-y"}},
	{"zypper", []string{"--non-interactive", "install"}, []string{"--non-interactive", "remove"}},
	{"apk", []string{"add"}, []string{"del"}},
	{"opkg", []string{"install"}, []string{"remove"}},
}

// packages installs or removes packages, by the first package manager that the device has.
func packages(verb string) func(context.Context, *run, document.Step) (action.Result, error) {
	return func(ctx context.Context, r *run, s document.Step) (action.Result, error) {
		for _, i := range installers {
			program, err := exec.LookPath(i.program)
			if err != nil {
				continue
			}
			words := i.install
			if verb == "remove" {
				words = i.remove
			}
			words = append([]string{program}, words...)
			environment := append(r.environment(), "DEBIAN_FRONTEND=noninteractive")
			return r.actions.Run(ctx, append(words, namesOf(s)...), s.RunAs, environment, r.report.progress)
		}
		return action.Result{}, errors.New("this device has no package manager that the agent knows")
	}
}

// services starts, stops or restarts services.
func services(verb string) func(context.Context, *run, document.Step) (action.Result, error) {
	return func(ctx context.Context, r *run, s document.Step) (action.Result, error) {
		words := append([]string{"systemctl", verb}, namesOf(s)...)
		return r.actions.Run(ctx, words, s.RunAs, r.environment(), r.report.progress)
	}
}

// rebootLimit is how long a reboot may take to end the agent.
const rebootLimit = 10 * time.Minute

// reboot reboots the device, by the owner's handler where there is one. The step has ended when the
// agent finds itself in another boot.
func reboot(ctx context.Context, r *run, s document.Step) (action.Result, error) {
	r.p.Boot = r.boot()
	if r.p.Boot == "" {
		return action.Result{}, fmt.Errorf("cannot tell one boot from the next: %s cannot be read", r.BootID)
	}
	if err := r.place.Save(r.p); err != nil {
		return action.Result{}, err
	}
	words, err := r.actions.Find(s)
	if errors.Is(err, action.ErrMissing) {
		words, err = strings.Fields(r.RebootCommand), nil
		if len(words) == 0 {
			err = errors.New("--reboot-command is empty")
		}
	}
	if err != nil {
		return action.Result{}, err
	}
	result, err := r.actions.Run(ctx, words, s.RunAs, r.environment(), r.report.progress)
	if err != nil || result.Code != 0 {
		return result, err
	}
	select {
	case <-ctx.Done():
		return result, ctx.Err()
	case <-time.After(rebootLimit):
		return result, fmt.Errorf("the device did not reboot within %s", rebootLimit)
	}
}

// boot says in which boot the device is; empty when that cannot be found out.
func (a *agent) boot() string {
	text, err := os.ReadFile(a.BootID)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
