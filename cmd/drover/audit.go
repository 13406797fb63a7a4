package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// drover audit: who has changed what, and whether the records of that are as they were made
// (R-AUD-2, R-AUD-3). The verbs that read the chain are in auditverify.go.

// auditVerbs are the verbs of drover audit.
func auditVerbs() []verb {
	return []verb{
		{"list", "[options]", listAudit},
		{"head", "[options]", showAuditHead},
		{"verify", "[options]", verifyAudit},
		{"export", "[options]", exportAudit},
	}
}

// auditFilter are the options that say which records are meant.
type auditFilter struct{ resource, operator *string }

// newAuditFilter adds the options to the flags of a command.
func newAuditFilter(flags *flag.FlagSet) auditFilter {
	return auditFilter{
		resource: flags.String("resource", "", "only records of a `resource`, such as job/fw-2, "+
			"thing/pump-07, thinggroup/site-1, policy/NAME, cert/ID, key/ID, and of what is below it"),
		operator: flags.String("operator", "", "only records of an operator: the `name` or the id "+
			"of its access key, or drover for the server itself"),
	}
}

// request asks for the records that are meant.
func (f auditFilter) request() *drover.ListAuditRecordsRequest {
	r := &drover.ListAuditRecordsRequest{Limit: new(drover.AuditLimit(auditPage))}
	if *f.resource != "" {
		r.Resource = f.resource
	}
	if *f.operator != "" {
		r.Operator = f.operator
	}
	return r
}

// auditPage is how many records one request asks for.
const auditPage = 250

// auditListAbout is the help text of drover audit list.
const auditListAbout = `List who has changed what, the newest first: what operators have asked for, and what the server has
done to jobs by itself, such as an abort, as the operator drover. Reports of devices are not among
them. CHANGED names the members that have changed; --output json has their values before and after.

  drover audit list
  drover audit list --resource job/fw-2
  drover audit list --operator alice --limit 100
  drover audit list --resource thing/pump-07 --output json

The rows of --output json are those of GET /_drover/audit. Documents are shown as their SHA-256 and
size, and secrets never. Records are kept for two years, or as drover serve --audit-days says.`

// listAudit lists records of the audit log.
func listAudit(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("audit list", flag.ContinueOnError)
	filter := newAuditFilter(flags)
	l := newList(flags)
	if err := l.read(ctx, how, auditListAbout, args); err != nil {
		return err
	}
	server := l.client(l.Attempts)
	all := drover.ListAuditRecordsResponse{Records: []drover.AuditRecord{}}
	cut := false
	request := filter.request()
	for more := true; more && !cut; {
		page, err := client.Call(ctx, server, drover.ListAuditRecords, request)
		if err != nil {
			return err
		}
		all.Records = append(all.Records, page.Records...)
		request.Before, more = page.Next, page.Next != nil
		if cut = len(all.Records) > *l.limit || len(all.Records) == *l.limit && more; cut {
			all.Records = all.Records[:*l.limit]
		}
	}
	hint := l.more(cut)
	if len(all.Records) == 0 {
		hint = "There is no such record."
	}
	table := overview.AuditTable(all.Records)
	return l.show(table, json.RawMessage(schema.Append(nil, all)), hint)
}

// auditExportAbout is the help text of drover audit export.
const auditExportAbout = `Print records of the audit log, the oldest first, one JSON object on each line, as GET /_drover/audit
shows them. A file with all of them can be verified later without a server. To go on where an earlier
export has ended, name the number of its last record.

  drover audit export > audit.jsonl
  drover audit export --after 4711 >> audit.jsonl
  drover audit export --resource job/fw-2
  drover audit verify --file audit.jsonl`

// exportAudit prints records of the audit log.
func exportAudit(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("audit export", flag.ContinueOnError)
	filter := newAuditFilter(flags)
	after := flags.Int64("after", 0, "only records after the one of this `number`")
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, auditExportAbout)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return wrongWords(flags)
	}
	if *after < 0 {
		return wrongValue(flags, "--after %d is refused: must be 0 or more", *after)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	server, request := c.client(c.Attempts), filter.request()
	request.After = new(drover.AuditNumber(*after))
	for request.After != nil {
		page, err := client.Call(ctx, server, drover.ListAuditRecords, request)
		if err != nil {
			return err
		}
		var lines []byte
		for _, r := range page.Records {
			lines = append(schema.Append(lines, r), '\n')
		}
		if _, err := os.Stdout.Write(lines); err != nil {
			return err
		}
		request.After = page.Next
	}
	return nil
}

// auditHeadAbout is the help text of drover audit head.
const auditHeadAbout = `Print the number and the hash of the newest record of the audit log. Note it somewhere else: whoever
can write the database can remove records at the end of the log, or write all of it anew, and only
what was noted shows that.

  drover audit head
  drover audit head >> /mnt/elsewhere/heads
  drover audit verify --head "$(tail -n 1 /mnt/elsewhere/heads)"

The members of --output json are those of GET /_drover/audit/head: head and, when old records were
cut, mark, the last one of them.`

// showAuditHead prints the head of the audit log.
func showAuditHead(ctx context.Context, how string, args []string) error {
	l := newShortList(flag.NewFlagSet("audit head", flag.ContinueOnError))
	if err := l.read(ctx, how, auditHeadAbout, args); err != nil {
		return err
	}
	log, err := client.Call(ctx, l.client(l.Attempts), drover.DescribeAuditLog, &schema.Nothing{})
	if err != nil {
		return err
	}
	if *l.output == "json" {
		return l.show(overview.Table{}, json.RawMessage(schema.Append(nil, log)), "")
	}
	fmt.Println(linkLine(log.Head))
	return nil
}

// linkLine is a place in the chain on a line: its number, a blank and its hash.
func linkLine(l drover.AuditLink) string { return fmt.Sprintf("%d %s", l.Number, l.Hash) }
