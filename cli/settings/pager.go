package settings

import (
	"os/exec"

	"github.com/drover-iot/drover/cli/pager"
)

// Which pager is asked for (R-CMD-99). An empty text asks for none.

// Pager is the command of the pager for answers, "" for none: answers are paged only when somebody
// has said so, because a script that runs on a terminal would wait for a key.
func (s *Settings) Pager(lookUp func(name string) (string, bool)) string {
	command, _ := s.asked(lookUp)
	return command
}

// HelpPager is the command of the pager for help, "" for none. Help is read by people, so it has a
// pager unless they have said no. Shared files that cannot be read hinder nobody who asks for help.
func HelpPager(from Sources, lookUp func(name string) (string, bool)) string {
	s := &Settings{from: from}
	_ = s.findProfile()
	if command, asked := s.asked(lookUp); asked {
		return command
	}
	if command := from.Getenv("PAGER"); command != "" {
		return command
	}
	if _, err := exec.LookPath(pager.Fallback); err != nil {
		return ""
	}
	return pager.Fallback
}

// asked is what AWS_PAGER or the profile says about a pager, and whether they say anything. An
// empty variable says no (R-CMD-137); so does an empty key.
func (s *Settings) asked(lookUp func(name string) (string, bool)) (command string, asked bool) {
	if command, set := lookUp("AWS_PAGER"); set {
		return command, true
	}
	if section := s.Profile.section; section != nil && section.HasKey("cli_pager") {
		return section.Key("cli_pager").Value(), true
	}
	return "", false
}
