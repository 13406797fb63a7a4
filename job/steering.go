package job

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/nearest"
)

// A job is steered by tags of its own whose keys begin with drover: (docs/spec/50). So every client
// that can tag a job can pause it, and nobody else sees anything of it. The settings are read from
// the tags once, when those change, and stored with the job; no table of tags has them (R-STR-1).

// SteeringPrefix begins the keys of the tags that steer a job.
const SteeringPrefix = "drover:"

// The keys of the settings, without the prefix.
const (
	settingPaused         = "paused"
	settingMaxOutstanding = "max-outstanding"
	settingAbort          = "abort"
	settingGuard          = "guard"
	settingConfirm        = "confirm"
	settingBackoff        = "retry-backoff"
	settingWaves          = "waves"
)

// Steering is the settings of a job, but that it is paused: the server changes that by itself, so
// that it stands in the State. A nil Steering is that of a job without settings.
type Steering struct {
	// Tags is the settings as they were given, by key with the prefix.
	Tags map[string]string `json:"tags"`
	// MaxOutstanding is how many executions may be pending when the rollout creates one; 0 is any
	// number (R-STR-15).
	MaxOutstanding int64 `json:"maxOutstanding,omitzero"`
	// Abort is what happens when a criterion of abortConfig is met: Pause or Observe. Empty cancels
	// the job, as without the setting (R-STR-20).
	Abort Action `json:"abort,omitzero"`
	// Guard stops the job when its failures cannot be chance; nil without one (R-STR-32).
	Guard *Guard `json:"guard,omitzero"`
	// Confirm is for how long a success waits to be confirmed; 0: it does not (R-STR-40).
	Confirm time.Duration `json:"confirm,omitzero"`
	// Backoff is how long retries wait, nil when they do not (R-STR-45).
	Backoff *Backoff `json:"backoff,omitzero"`
	Waves   []Wave   `json:"waves,omitempty"` // R-STR-50
}

// Action is what the server does when a job goes wrong.
type Action string

// The actions.
const (
	ActionCancel  Action = "cancel"
	ActionPause   Action = "pause"
	ActionObserve Action = "observe" // only record it
)

// steeringSetting is one key: what its value looks like, and how it is read into settings.
type steeringSetting struct {
	form string
	read func(s *Steering, value string) error
}

// steeringSettings are the keys but paused, without the prefix.
var steeringSettings = map[string]steeringSetting{
	settingMaxOutstanding: {"a whole number of 1 or more", (*Steering).readMaxOutstanding},
	settingAbort:          {"observe or pause", (*Steering).readAbort},
	settingGuard:          {guardForm, (*Steering).readGuard},
	settingConfirm:        {"a duration from 1m to 7d", (*Steering).readConfirm},
	settingBackoff:        {backoffForm, (*Steering).readBackoff},
	settingWaves:          {wavesForm, (*Steering).readWaves},
}

// pausedForm is what the value of drover:paused looks like.
const pausedForm = "a reason of 1 to 256 characters"

// ParseSteering reads the settings in the tags of a job, and the reason for which it is paused,
// empty when it is not. Tags with other keys mean nothing here. The first key in alphabetical order
// that is unknown, or whose value does not fit, is refused (R-STR-2).
func ParseSteering(tags map[string]string) (s *Steering, paused string, err error) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		name, ours := strings.CutPrefix(key, SteeringPrefix)
		if !ours {
			continue
		}
		value := tags[key]
		if name == settingPaused {
			if paused = value; strings.TrimSpace(value) == "" {
				return nil, "", badSetting(key, value, pausedForm, errForm)
			}
			continue
		}
		setting, known := steeringSettings[name]
		if !known {
			return nil, "", unknownSetting(key)
		}
		if s == nil {
			s = &Steering{Tags: map[string]string{}}
		}
		s.Tags[key] = value
		if err := setting.read(s, value); err != nil {
			return nil, "", badSetting(key, value, setting.form, err)
		}
	}
	return s, paused, nil
}

// errForm says of a value nothing but that it has not the form of its setting.
var errForm = errors.New("it has another form")

// A SettingForm is a setting as a help text shows it.
type SettingForm struct{ Name, Form string }

// SettingForms are all settings, in alphabetical order.
func SettingForms() []SettingForm {
	forms := []SettingForm{{settingPaused, pausedForm}}
	for name, setting := range steeringSettings {
		forms = append(forms, SettingForm{name, setting.form})
	}
	slices.SortFunc(forms, func(a, b SettingForm) int { return cmp.Compare(a.Name, b.Name) })
	return forms
}

// CheckSettingName refuses a name that is no setting, without the prefix (R-STR-2).
func CheckSettingName(name string) error {
	if _, known := steeringSettings[name]; !known && name != settingPaused {
		return unknownSetting(SteeringPrefix + name)
	}
	return nil
}

// badSetting is the fault of a value that does not fit.
func badSetting(key, value, form string, why error) error {
	if errors.Is(why, errForm) {
		return fault.New(fault.Invalid, "tags: %s: %q must be %s", key, value, form)
	}
	return fault.New(fault.Invalid, "tags: %s: %q: %v; it must be %s", key, value, why, form)
}

// unknownSetting is the fault of a key that steers nothing.
func unknownSetting(key string) error {
	names := []string{SteeringPrefix + settingPaused}
	for name := range steeringSettings {
		names = append(names, SteeringPrefix+name)
	}
	slices.Sort(names)
	hint := "there are " + strings.Join(names, ", ")
	if near := nearest.To(key, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return fault.New(fault.Invalid, "tags: %s is no setting of a job; %s", key, hint)
}

func (s *Steering) readMaxOutstanding(value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 1 || value[0] == '+' {
		return errForm
	}
	s.MaxOutstanding = n
	return nil
}

func (s *Steering) readAbort(value string) error {
	s.Abort = Action(value)
	if s.Abort != ActionObserve && s.Abort != ActionPause {
		return errForm
	}
	return nil
}

func (s *Steering) readGuard(value string) error {
	guard, err := parseGuard(value)
	s.Guard = &guard
	return err
}

// Bounds of drover:confirm (R-STR-40).
const minConfirm, maxConfirm = time.Minute, 7 * 24 * time.Hour

func (s *Steering) readConfirm(value string) (err error) {
	s.Confirm, err = parseDuration(value, minConfirm, maxConfirm)
	return err
}

func (s *Steering) readWaves(value string) (err error) {
	s.Waves, err = parseWaves(value)
	return err
}

// SteeringTags are the settings of a job as tags (R-STR-1).
func (j Job) SteeringTags() map[string]string {
	tags := map[string]string{}
	if j.Steering != nil {
		maps.Copy(tags, j.Steering.Tags)
	}
	if j.Paused != "" {
		tags[SteeringPrefix+settingPaused] = j.Paused
	}
	return tags
}

// Steer puts other settings into force. s and paused are what ParseSteering has made of all tags of
// the job. A job that has ended takes no new settings, and no other values; it may lose those that
// it has (R-STR-3).
func (j *Job) Steer(s *Steering, paused string, now time.Time) error {
	before := *j
	j.Steering, j.Paused = s, paused
	j.PausedAt = j.pausedSince(before.State, now)
	if !before.Status.Active() {
		had, has := before.SteeringTags(), j.SteeringTags()
		for _, key := range slices.Sorted(maps.Keys(has)) {
			if old, kept := had[key]; !kept || old != has[key] {
				return fault.New(fault.Invalid, "tags: %s: job %s is %s: its settings can only be removed",
					key, j.ID, j.Status)
			}
		}
	}
	if err := j.steerWaves(before.waves()); err != nil {
		return err
	}
	j.UpdatedAt = now
	if before.paused() && !j.paused() {
		j.resume()
	}
	j.showOrHide(before.State)
	j.changeGuard(before.guard(), now)
	if before.abortAction() != j.abortAction() {
		j.applyAbortCriteria(now) // as when the criteria themselves change (R-UPD-13)
	}
	j.Recompute(now)
	return nil
}

// abortAction is what happens when a criterion is met.
func (d Definition) abortAction() Action {
	if d.Steering == nil {
		return ActionCancel
	}
	return cmp.Or(d.Steering.Abort, ActionCancel)
}

// room is how many executions the rollout may create besides its rate, -1 for any number: so many
// that the limit is reached (R-STR-15).
func (j *Job) room() int64 {
	if j.Steering == nil || j.Steering.MaxOutstanding == 0 {
		return -1
	}
	return max(0, j.Steering.MaxOutstanding-j.Counts.Pending())
}

// AtMostOutstanding reports whether the rollout waits because as many executions are pending as
// drover:max-outstanding allows; most is that number (R-STR-15).
func (j Job) AtMostOutstanding() (most int64, waits bool) {
	if j.Progress.Finished || j.room() != 0 {
		return 0, false
	}
	return j.Steering.MaxOutstanding, true
}

// SplitTags returns the tags of a job that mean nothing here, and those that steer it.
func SplitTags(tags map[string]string) (others, steering map[string]string) {
	others, steering = map[string]string{}, map[string]string{}
	for key, value := range tags {
		if strings.HasPrefix(key, SteeringPrefix) {
			steering[key] = value
		} else {
			others[key] = value
		}
	}
	return others, steering
}
