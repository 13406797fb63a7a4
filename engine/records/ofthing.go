package records

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// searchedForThing is how many records are looked at for those of a thing, the newest. They are
// found by their text, so that one costs about a microsecond.
const searchedForThing = 20_000

// OfThing returns the records about a thing, its memberships, its certificates, its hold and its
// executions, the newest first. Records from up to since were not looked at, as there are too many
// newer ones; zero when all were.
func OfThing(r store.AuditReader, thing string) (found []audit.Record, since time.Time, err error) {
	const pagesAtOnce = 128
	looked, own := 0, []byte("thing/"+thing+`"`)
	for page, err := range pagesOf(r, Filter{}, pagesAtOnce) {
		if err != nil {
			return nil, since, err
		}
		if looked >= searchedForThing {
			if newer := page.Records(); len(newer) > 0 {
				last, _ := newer[len(newer)-1].Record()
				since = last.At
			}
			break
		}
		looked += len(page.Hashes) / len(audit.Hash{})
		if !bytes.Contains(page.Text, own) {
			continue
		}
		for _, stored := range slices.Backward(page.Records()) {
			record, _ := stored.Record() // of a damaged one nothing is known
			if record.Resource == "thing/"+thing ||
				strings.HasPrefix(record.Resource, "job/") &&
					strings.HasSuffix(record.Resource, "/thing/"+thing) {
				found = append(found, record)
			}
		}
	}
	return found, since, nil
}
