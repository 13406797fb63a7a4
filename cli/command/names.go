package command

import (
	"regexp"
	"strings"
)

// Names on the command line are those of the API model, written in another way. The
// transformation is the reference's, with its odd cases, because scripts have its names.

// The steps of the transformation from model names to options and commands (R-CMD-6).
var (
	pluralCapitals = regexp.MustCompile(`([A-Z]{2,}s)$`)     // thingARNs
	beforeWord     = regexp.MustCompile(`(.)([A-Z][a-z]+)`)  // presigned-Url-Config
	beforeCapital  = regexp.MustCompile(`([a-z0-9])([A-Z])`) // ListThings-V2
)

// Dashed is a model name as an option or a command: presignedUrlConfig is presigned-url-config,
// thingARNs is thing-arns. Nothing tells the way back, so options are looked up by the names of
// all members.
func Dashed(name string) string {
	if strings.Contains(name, "-") { // it has been transformed already
		return name
	}
	if at := pluralCapitals.FindStringIndex(name); at != nil {
		tail := "-" + strings.ToLower(name[at[0]:])
		if at[0] == 0 {
			return tail[1:]
		}
		return Dashed(name[:at[0]]) + tail
	}
	name = beforeWord.ReplaceAllString(name, "$1-$2")
	return strings.ToLower(beforeCapital.ReplaceAllString(name, "$1-$2"))
}
