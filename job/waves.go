package job

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// A rollout may go in waves: things of a group first, then a share of all, in the end everything.
// Behind a wave there may be a gate, which lets the rollout go on or pauses the job (docs/spec/50,
// section 6). This file has the setting; wavestate.go says how far a job is.

// Bounds of the setting.
const (
	maxWaves         = 10
	minSoak, maxSoak = time.Second, 30 * 24 * time.Hour
	allHundredths    = 100 * 100
)

// Wave is one of the waves of a rollout, and the gate behind it.
type Wave struct {
	// Group is the name of the group whose members are taken; empty for a share of all things.
	Group string `json:"group,omitzero"`
	// PercentHundredths is that share, in hundredths of a percent: 1..10000.
	PercentHundredths int64 `json:"percentHundredths,omitzero"`
	// Soak is how long after the last release of the wave its gate is judged. Zero: when all its
	// executions have ended.
	Soak time.Duration `json:"soak,omitzero"`
	// OKHundredths is the share of successes that opens the gate, in hundredths of a percent, if
	// HasOK.
	OKHundredths int64 `json:"okHundredths,omitzero"`
	HasOK        bool  `json:"hasOk,omitzero"`
	// Approve says that an operator has to open the gate.
	Approve bool `json:"approve,omitzero"`
}

// wavesForm is how waves are written, for error texts.
const wavesForm = "waves with a slash between them, each group=NAME or Npct [soak=DURATION] " +
	"[ok=Npct] [approve], such as group=canary soak=1h ok=98pct / 5pct soak=2h / 100pct"

// parseWaves reads the value of drover:waves. A last wave of all things is added when there is
// none.
func parseWaves(text string) (waves []Wave, err error) {
	share := int64(0)
	for i, part := range strings.Split(text, "/") {
		w, err := parseWave(strings.Fields(part))
		if err != nil {
			return nil, fmt.Errorf("wave %d: %w", i+1, err)
		}
		if w.Group == "" && w.PercentHundredths <= share {
			return nil, fmt.Errorf("wave %d: %s is not more than %s before it", i+1,
				percentText(w.PercentHundredths), percentText(share))
		}
		if share == allHundredths {
			return nil, fmt.Errorf("wave %d: it comes after 100pct, which is all", i+1)
		}
		share = max(share, w.PercentHundredths)
		waves = append(waves, w)
	}
	if share < allHundredths {
		waves = append(waves, Wave{PercentHundredths: allHundredths})
	}
	if len(waves) > maxWaves {
		return nil, fmt.Errorf("there are %d waves with the last one, at most %d may be", len(waves), maxWaves)
	}
	return waves, nil
}

// parseWave reads the words of one wave.
func parseWave(words []string) (w Wave, err error) {
	if len(words) == 0 {
		return w, fmt.Errorf("it is empty")
	}
	if group, named := strings.CutPrefix(words[0], "group="); named {
		if w.Group = group; group == "" {
			return w, fmt.Errorf("group= has no name")
		}
	} else if w.PercentHundredths, err = parsePercent(words[0]); err != nil {
		return w, err
	} else if w.PercentHundredths == 0 {
		return w, fmt.Errorf("0pct takes nothing")
	}
	for i, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if slices.ContainsFunc(words[1:i+1], func(w string) bool { return strings.HasPrefix(w, name) }) {
			return w, fmt.Errorf("%s is given twice", name)
		}
		switch name {
		case "soak":
			w.Soak, err = parseDuration(value, minSoak, maxSoak)
		case "ok":
			w.HasOK = true
			w.OKHundredths, err = parsePercent(value)
		case "approve":
			w.Approve = true
			if word != name {
				err = fmt.Errorf("approve has no value")
			}
		default:
			err = fmt.Errorf("%q is not soak=DURATION, ok=Npct or approve", word)
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// takes reports whether a wave of a share of all things takes the thing of a name. The same things
// are taken by each larger share of the job, and others by another job: what decides is a number
// from 0 to 9999 that is made of both names (R-STR-50).
func (w Wave) takes(jobID, thing string) bool {
	return w.PercentHundredths == allHundredths || place(jobID, thing) < w.PercentHundredths
}

// place is that number.
func place(jobID, thing string) int64 {
	hash := sha256.Sum256([]byte(jobID + "/" + thing))
	high, _ := bits.Mul64(binary.BigEndian.Uint64(hash[:]), allHundredths)
	return int64(high)
}

// hasGate reports whether anything has to be waited for behind the wave.
func (w Wave) hasGate() bool { return w.Soak > 0 || w.HasOK || w.Approve }

// sameThings reports whether two waves take the same things.
func (w Wave) sameThings(o Wave) bool {
	return w.Group == o.Group && w.PercentHundredths == o.PercentHundredths
}
