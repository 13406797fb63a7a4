package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/job"
)

// drover jobs pause, resume, set and unset: each is one merge patch of the settings of a job
// (R-STR-1).

// settingsCall is one call of a command that changes settings of a job.
type settingsCall struct {
	*caller
	flags *flag.FlagSet
	job   iot.JobID
	words []string // behind the job
}

// readSettingsCall reads the words of such a command: a job, and at least so many more.
func readSettingsCall(verb, how, about string, args []string, atLeast int) (settingsCall, error) {
	flags := flag.NewFlagSet("jobs "+verb, flag.ContinueOnError)
	s := settingsCall{caller: newCaller(flags), flags: flags}
	words, err := parseWords(flags, args, how, about)
	if err == nil && (len(words) < 1+atLeast || words[0] == "") {
		err = wrongWords(flags)
	}
	if err != nil {
		return s, err
	}
	s.job, s.words = iot.JobID(words[0]), words[1:]
	return s, nil
}

// patch finds the server, and changes settings there.
func (s settingsCall) patch(
	ctx context.Context, patch drover.SettingsPatch,
) (*drover.Steering, error) {
	if err := s.find(ctx); err != nil {
		return nil, err
	}
	return client.Call(ctx, s.client(s.Attempts), drover.UpdateSteering,
		&drover.UpdateSteeringRequest{JobID: s.job, Settings: patch})
}

// pausedSetting is the setting that is the reason of a pause.
const pausedSetting drover.SettingName = "paused"

// pauseAbout is the help text of drover jobs pause.
const pauseAbout = `Pause a job: it creates no executions, and devices do not see what is QUEUED, until it is resumed.
Executions that are IN_PROGRESS go on. Timeouts, maintenance windows and the end time go on counting.

  drover jobs pause fw-2
  drover jobs pause fw-2 waiting for the hotfix of ticket 4711

The reason is the tag drover:paused of the job, so that any client that can tag a job can pause it.`

// pauseJob pauses a job (R-STR-10).
func pauseJob(ctx context.Context, how string, args []string) error {
	s, err := readSettingsCall("pause", how, pauseAbout, args, 0)
	if err != nil {
		return err
	}
	reason := drover.SettingValue("by drover jobs pause")
	if len(s.words) > 0 {
		reason = drover.SettingValue(strings.Join(s.words, " "))
	}
	steering, err := s.patch(ctx, drover.SettingsPatch{pausedSetting: &reason})
	if err != nil {
		return err
	}
	fmt.Printf("%s is paused: %s\n", steering.JobID, steering.Settings[pausedSetting])
	return nil
}

// resumeAbout is the help text of drover jobs resume.
const resumeAbout = `Resume a job that was paused, by an operator or by the server: devices see what is QUEUED, and the
rollout goes on where it was. What it would have released meanwhile is not caught up.

  drover jobs resume fw-2`

// resumeJob lets a paused job go on (R-STR-11).
func resumeJob(ctx context.Context, how string, args []string) error {
	s, err := readSettingsCall("resume", how, resumeAbout, args, 0)
	if err != nil {
		return err
	}
	if len(s.words) > 0 {
		return wrongWords(s.flags)
	}
	steering, err := s.patch(ctx, drover.SettingsPatch{pausedSetting: nil})
	if err != nil {
		return err
	}
	fmt.Printf("%s is not paused\n", steering.JobID)
	return nil
}

// setAbout is the help text of drover jobs set.
const setAbout = `Set what steers a job, all of it at once or, when a value is refused, none. It is in force when the
command ends, and printed with what was set before. A setting that has nothing to act on is warned of.

  drover jobs set fw-2 max-outstanding=50
  drover jobs set fw-2 abort=pause max-outstanding=50

Each setting is the tag of the job with drover: in front of its name.`

// setSettings sets settings of a job.
func setSettings(ctx context.Context, how string, args []string) error {
	s, err := readSettingsCall("set", how, setAbout, args, 1)
	if err != nil {
		return withSettings(err)
	}
	patch := drover.SettingsPatch{}
	for _, word := range s.words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return wrongValue(s.flags, "%q is not of the form KEY=VALUE", word)
		}
		patch[settingName(name)] = new(drover.SettingValue(value))
	}
	return s.patchAndShow(ctx, patch)
}

// unsetAbout is the help text of drover jobs unset.
const unsetAbout = `Remove what steers a job, all of it at once. What is left is printed.

  drover jobs unset fw-2 max-outstanding
  drover jobs unset fw-2 abort paused`

// unsetSettings removes settings of a job.
func unsetSettings(ctx context.Context, how string, args []string) error {
	s, err := readSettingsCall("unset", how, unsetAbout, args, 1)
	if err != nil {
		return withSettings(err)
	}
	patch := drover.SettingsPatch{}
	for _, word := range s.words {
		patch[settingName(word)] = nil
	}
	return s.patchAndShow(ctx, patch)
}

// settingName is the name of a setting, which may be written like its tag.
func settingName(word string) drover.SettingName {
	return drover.SettingName(strings.TrimPrefix(word, job.SteeringPrefix))
}

// patchAndShow changes settings and prints those that are in force then, one a line.
func (s settingsCall) patchAndShow(ctx context.Context, patch drover.SettingsPatch) error {
	steering, err := s.patch(ctx, patch)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(steering.Settings)) {
		fmt.Printf("%s=%s\n", name, steering.Settings[name])
	}
	warn(steering)
	return nil
}

// warn prints which settings have nothing to act on (R-STR-4).
func warn(steering *drover.Steering) {
	for _, warning := range steering.Warnings {
		fmt.Fprintln(os.Stderr, "warning: "+warning)
	}
}

// withSettings adds the list of all settings to a page of help.
func withSettings(err error) error {
	var wanted *helpWanted
	if !errors.As(err, &wanted) {
		return err
	}
	var rows help.Rows
	for _, setting := range job.SettingForms() {
		rows = append(rows, help.Row{Term: setting.Name, Text: setting.Form})
	}
	wanted.page.Sections = append(wanted.page.Sections,
		help.Section{Title: "SETTINGS", Blocks: []help.Block{rows}})
	return err
}
