package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// An update by RAUC: download, install, reboot, confirm. RAUC itself needs slots and a boot loader, so
// that it is one that notes how it is called; how it prints its status is RAUC's.
func TestUpdates(t *testing.T) { // R-AGT-19
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy(jobs, s.JobsPolicy())
	for name, tt := range map[string]struct {
		slot, check string // booted after the update; the owner's check
		want        string // status, and what is in the reason or was called
		called      string
	}{
		"good":    {"B", "true", "", "install $FOLDER/fw, mark-good"},
		"back":    {"A", "true", "did not start", "install $FOLDER/fw"},
		"failing": {"B", "false", "the check of slot B has failed", "install $FOLDER/fw, mark-bad"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, s, name)
			for _, file := range []string{"rauc-install.sh", "rauc-confirm.sh"} {
				script, err := os.ReadFile(filepath.Join("../../deploy/agent/handlers", file))
				if err != nil {
					t.Fatal(err)
				}
				d.write(filepath.Join("handlers", file), string(script), 0o755)
			}
			d.write("fw", "bundle", 0o600)
			d.write("slot", "A", 0o600)
			d.write("rauc", strings.ReplaceAll(`#!/bin/sh
case "$1 $2" in
"status --output-format=shell") echo "RAUC_SYSTEM_BOOTED_BOOTNAME=$(cat $FOLDER/slot)" ;;
"status "*) echo "$2" >>$FOLDER/called ;;
install*) echo "  0% Installing"; echo "install $2" >>$FOLDER/called; echo "100% Installing done." ;;
esac
`, "$FOLDER", d.folder), 0o755)
			d.write("reboot", "#!/bin/sh\ntouch "+d.path("rebooting")+"\n", 0o755)
			options := []string{"--reboot-command", d.path("reboot")}
			d.start(options...)
			d.job(name, steps(step("rauc-install.sh", d.path("fw")),
				`{"action": {"type": "runHandler", "input": {"handler": "reboot.sh"}}}`,
				step("rauc-confirm.sh", tt.check)))
			eventually(t, "a reboot is asked for", func() bool { _, err := os.Stat(d.path("rebooting")); return err == nil })
			d.kill()
			d.write("slot", tt.slot, 0o600)
			d.write("boot", "second", 0o600)
			d.start(options...)
			if tt.want == "" {
				d.want(name, succeeded)
			} else if got := d.want(name, failed)["stderr"]; !strings.Contains(got, tt.want) {
				t.Errorf("failed with %q", got)
			}
			called := strings.ReplaceAll(d.read("called"), "\n", ", ")
			if want := strings.ReplaceAll(tt.called, "$FOLDER", d.folder); called != want {
				t.Errorf("called %q, want %q", called, want)
			}
		})
	}
}

// The handlers for SWUpdate and for scripts, alone: what they call, and when they fail.
func TestHandlers(t *testing.T) { // R-AGT-19
	t.Parallel()
	for _, tt := range []struct {
		name, handler string
		args          []string
		environment   string // available is what U-Boot says
		status        int
		called        string
	}{
		{"an image", "swupdate-install.sh", []string{"$FOLDER/fw"}, "", 0, "swupdate -v -i $FOLDER/fw"},
		{"a part of it", "swupdate-install.sh", []string{"$FOLDER/fw", "stable,b"}, "", 0, "swupdate -v -e stable,b -i $FOLDER/fw"},
		{"the new system", "swupdate-confirm.sh", []string{"true"}, "1", 0, "fw_setenv upgrade_available 0\nfw_setenv bootcount 0"},
		{"without a check", "swupdate-confirm.sh", nil, "1", 0, "fw_setenv upgrade_available 0\nfw_setenv bootcount 0"},
		{"a check that fails", "swupdate-confirm.sh", []string{"false"}, "1", 1, ""},
		{"the old system", "swupdate-confirm.sh", []string{"true"}, "0", 1, ""},
		{"a script", "run-script.sh", []string{"$FOLDER/script", "a b"}, "", 0, "script a b"},
		{"a script that fails", "run-script.sh", []string{"$FOLDER/script", "fail"}, "", 3, "script fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &device{t: t, folder: t.TempDir()}
			note := "#!/bin/sh\necho \"$(basename \"$0\") $*\" >>" + d.folder + "/called\n"
			d.write("swupdate", note, 0o755)
			d.write("fw_setenv", note, 0o755)
			d.write("fw_printenv", "#!/bin/sh\necho "+tt.environment+"\n", 0o755)
			d.write("script", note+`[ "$1" != fail ] || exit 3`+"\n", 0o600)
			words := []string{filepath.Join("../../deploy/agent/handlers", tt.handler)}
			for _, arg := range tt.args {
				words = append(words, strings.ReplaceAll(arg, "$FOLDER", d.folder))
			}
			command := exec.CommandContext(t.Context(), words[0], words[1:]...)
			command.Env = append(os.Environ(), "PATH="+d.folder+":"+os.Getenv("PATH"), "SWUPDATE_SOCKET="+d.folder+"/none")
			out, err := command.CombinedOutput()
			if got := command.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("status %d, %v, %s", got, err, out)
			}
			if want := strings.ReplaceAll(tt.called, "$FOLDER", d.folder); d.read("called") != want {
				t.Errorf("called %q, want %q", d.read("called"), want)
			}
			if _, err := os.Stat(d.path("script")); tt.handler == "run-script.sh" && err == nil {
				t.Error("the script is still there")
			}
		})
	}
}
