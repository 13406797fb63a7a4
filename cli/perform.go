package cli

import "strings"

// perform checks the parameters, makes the call and shows the answer (R-CMD-20, steps 9 to 13).
func (c *call) perform(in *object) error {
	if err := c.settle(); err != nil {
		return err
	}
	if !strings.EqualFold(c.settings.profile.get("parameter_validation"), "false") { // R-CMD-62
		if err := check(c.op.Input, in); err != nil {
			return err
		}
	}
	if c.wantsSkeleton() == "output" {
		return c.showQueried(skeleton(c.op.Output, "", sampleOutput))
	}
	files, err := c.openOutfiles()
	if err != nil {
		return err
	}
	if !c.line.has("no-sign-request") {
		if err := c.findCredentials(); err != nil {
			return err
		}
	}
	if err := c.connect(); err != nil {
		return err
	}
	defer c.client.CloseIdleConnections()
	paging, err := c.paging(in)
	if err != nil {
		return err
	}
	if paging != nil {
		return c.showPages(in, paging)
	}
	answer, err := c.fetch(in)
	if err != nil {
		return err
	}
	unwritten := writeOutfiles(files, answer)
	if err := c.showQueried(answer); err != nil { // also beside a file that failed: the key is nowhere else (R-CMD-136)
		return err
	}
	return unwritten
}

// fetch makes one request and reads its answer.
func (c *call) fetch(in *object) (*object, error) {
	body, err := c.send(in)
	if err != nil {
		if failed, ok := err.(*serviceError); ok { //nolint:errorlint // it is made by send and never wrapped
			return nil, &exitError{status: statusService, message: failed.Error()}
		}
		return nil, err
	}
	return c.readAnswer(body)
}
