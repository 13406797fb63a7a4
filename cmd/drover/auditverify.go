package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
)

// drover audit verify: by the server, whose database may have been changed, or of a file that was
// exported, by this program.

// auditVerifyAbout is the help text of drover audit verify.
const auditVerifyAbout = `Verify the audit log: that no record was changed, removed, added or moved since it was made. Each
record holds the hash of the one before it, so all of them follow from the newest one. When one does
not fit, the first such record is named, and drover ends with 1.

Whoever can write the database can also remove records at the end, or write all of it anew. That shows
when a head of the log was noted before: name it with --head, as drover audit head has printed it.

  drover audit verify
  drover audit verify --head "4711 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  drover audit verify --file audit.jsonl

With --file a file of drover audit export is verified, without a server. The members of --output json
are those of GET /_drover/audit/verify: from, reached, more and, when a record does not fit, misfit.`

// verifyAudit verifies the audit log, or an export of it.
func verifyAudit(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("audit verify", flag.ContinueOnError)
	head := flags.String("head", "", "`\"number hash\"` of a head that was noted before")
	file := flags.String("file", "", "`file` of drover audit export to verify; - is standard input")
	l := newShortList(flags)
	words, err := parseWords(flags, args, how, auditVerifyAbout)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return wrongWords(flags)
	}
	if *l.output != "table" && *l.output != "json" {
		return wrongValue(flags, "--output %s is refused: must be table or json", *l.output)
	}
	var noted audit.Link
	if *head != "" {
		if noted, err = readLink(*head); err != nil {
			return wrongValue(flags, "--head: %v", err)
		}
	}
	var found *drover.VerifyAuditLogResponse
	if *file != "" {
		found, err = verifyFile(*file, noted)
	} else if err = l.find(ctx); err == nil {
		found, err = verifyServer(ctx, l.client(l.Attempts), noted)
	}
	if err != nil {
		return err
	}
	return l.showVerified(found)
}

// showVerified says how far the log was verified. A record that does not fit is an error.
func (l list) showVerified(v *drover.VerifyAuditLogResponse) error {
	if *l.output == "json" {
		shown := json.RawMessage(schema.Append(nil, v))
		if err := l.show(overview.Table{}, shown, ""); err != nil {
			return err
		}
	}
	if m := v.Misfit; m != nil {
		return fmt.Errorf("the audit log is not as it was made: record %d: %s", m.Number, m.Reason)
	}
	if *l.output == "json" {
		return nil
	}
	switch n := v.Reached.Number - v.From.Number; n {
	case 0:
		fmt.Println("There is no record.")
	case 1:
		fmt.Printf("Record %d fits.\n", v.Reached.Number)
	default:
		fmt.Printf("All %d records fit, from %d to %d.\n", n, v.From.Number+1, v.Reached.Number)
	}
	if v.From.Number > 0 {
		fmt.Printf("Those up to %d were cut or exported before.\n", v.From.Number)
	}
	fmt.Println("The head is", linkLine(v.Reached))
	return nil
}

// readLink reads what drover audit head has printed; a colon may stand for the blank.
func readLink(text string) (l audit.Link, err error) {
	number, hash, ok := strings.Cut(strings.TrimSpace(strings.Replace(text, ":", " ", 1)), " ")
	if l.Number, err = strconv.ParseInt(number, 10, 64); err != nil || !ok || l.Number < 0 {
		return l, fmt.Errorf("%q is not a number and a hash, as drover audit head prints them", text)
	}
	l.Hash, err = audit.ParseHash(strings.TrimSpace(hash))
	return l, err
}

// verifyServer has a server verify its log, page by page.
func verifyServer(
	ctx context.Context, server *client.Client, noted audit.Link,
) (whole *drover.VerifyAuditLogResponse, err error) {
	request := &drover.VerifyAuditLogRequest{}
	if noted != (audit.Link{}) {
		request.Noted = new(drover.AuditNumber(noted.Number))
		request.NotedHash = new(drover.AuditHash(noted.Hash.String()))
	}
	for {
		page, err := client.Call(ctx, server, drover.VerifyAuditLog, request)
		if err != nil {
			return nil, err
		}
		if whole == nil {
			whole = page
		}
		whole.Reached, whole.Misfit, whole.More = page.Reached, page.Misfit, page.More
		if !page.More || page.Misfit != nil {
			return whole, nil
		}
		request.After = new(page.Reached.Number)
		request.AfterHash, request.Cut = new(page.Reached.Hash), page.Cut
	}
}

// longestLine is more than the longest record: a request has at most a megabyte, which may stand in
// a record three times.
const longestLine = 8 << 20

// verifyFile verifies a file that was exported.
func verifyFile(name string, noted audit.Link) (*drover.VerifyAuditLogResponse, error) {
	var in io.Reader = os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	v, err := verifyLines(in, noted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// verifyLines verifies the lines of an export. They may begin with any record.
func verifyLines(in io.Reader, noted audit.Link) (*drover.VerifyAuditLogResponse, error) {
	walk := audit.Walk{Noted: noted}
	shown := func(misfit *audit.Misfit, from audit.Link) *drover.VerifyAuditLogResponse {
		v := &drover.VerifyAuditLogResponse{From: showLink(from), Reached: showLink(walk.At)}
		if misfit != nil {
			v.Misfit = &drover.AuditMisfit{
				Number: drover.AuditNumber(misfit.Number),
				Reason: misfit.Reason,
			}
		}
		return v
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	var from audit.Link
	for first := true; lines.Scan(); first = false {
		record, err := readRecord(lines.Bytes())
		if err != nil {
			misfit := &audit.Misfit{Number: walk.At.Number + 1, Reason: err.Error()}
			return shown(misfit, from), nil
		}
		if first {
			from = audit.Link{Number: record.Number - 1, Hash: record.Previous}
			walk.At = from
		}
		sealed := record.Seal()
		sealed.Hash = record.Hash
		if misfit := walk.Step(sealed); misfit != nil {
			return shown(misfit, from), nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return shown(walk.End(audit.Link{Number: walk.Cut}), from), nil // it may begin anywhere
}

// showLink shows a place in the chain.
func showLink(l audit.Link) drover.AuditLink {
	return drover.AuditLink{
		Number: drover.AuditNumber(l.Number),
		Hash:   drover.AuditHash(l.Hash.String()),
	}
}

// errNotExported says that a line is not as it was exported, though it may say the same.
var errNotExported = errors.New("its line was changed")

// readRecord reads a line of an export.
func readRecord(line []byte) (r audit.Record, err error) {
	var shown drover.AuditRecord
	if err := schema.Decode(line, &shown, schema.Decoding{}); err != nil {
		return r, errNotExported
	}
	if !bytes.Equal(schema.Append(nil, shown), line) {
		return r, errNotExported
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	r = audit.Record{At: shown.Time.Time(), Entry: audit.Entry{
		Operator:  audit.Operator{KeyID: text(shown.AccessKeyID), Name: shown.Operator},
		Source:    text(shown.SourceAddress),
		Operation: shown.Operation,
		Resource:  shown.Resource,
		RequestID: text(shown.RequestID),
		Request:   shown.Request,
		Before:    shown.Before,
		After:     shown.After,
	}}
	r.Number = int64(shown.Number)
	if r.Hash, err = audit.ParseHash(string(shown.Hash)); err != nil {
		return r, errNotExported
	}
	if r.Previous, err = audit.ParseHash(string(shown.Previous)); err != nil {
		return r, errNotExported
	}
	return r, nil
}
