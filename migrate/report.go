package migrate

// What a copy did is reported object by object, as it happens, so that nothing grows with the fleet
// but the report itself.

// An Outcome is what became of an object.
type Outcome string

// The outcomes. Objects that are equal are counted and not reported one by one.
const (
	Created Outcome = "create"  // it was created, or would be by a plan
	Equal   Outcome = "equal"   // the target has it as it is
	Differs Outcome = "differs" // the target has another one of its name, which stays
	Refused Outcome = "cannot"  // it cannot come
	Changed Outcome = "change"  // what an earlier copy brought was brought up to date (R-MOV-7)
)

// A Finding says what became of one object.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	Kind    Kind    `json:"kind"`
	// Name is that of the object; "*" for all of its kind.
	Name string `json:"name"`
	// Why says what differs or why it cannot come, and of a job what was left out.
	Why string `json:"why,omitempty"`
}

// A Summary counts objects by their kinds and outcomes.
type Summary map[Kind]map[Outcome]int

// Count is how many objects of all kinds have an outcome.
func (s Summary) Count(o Outcome) (n int) {
	for _, counts := range s {
		n += counts[o]
	}
	return n
}

// found counts a finding, and reports it.
func (c *copier) found(kind Kind, name string, o Outcome, why string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.summary[kind] == nil {
		c.summary[kind] = map[Outcome]int{}
	}
	c.summary[kind][o]++
	c.done++
	if c.Progress != nil {
		c.Progress(kind, c.done)
	}
	if o == Equal || c.Found == nil {
		return nil
	}
	return c.Found(Finding{o, kind, name, why})
}

// An object is one that is to come.
type object struct {
	kind Kind
	name string
	// there says that the target has one of its name; differs is what differs then, "" for nothing.
	there   bool
	differs string
	// why is said of it when it comes.
	why    string
	create func() error
}

// put creates an object unless the target has it, and reports what became of it (R-MOV-2).
func (c *copier) put(o object) error {
	switch {
	case o.there && o.differs == "":
		return c.found(o.kind, o.name, Equal, "")
	case o.there:
		return c.found(o.kind, o.name, Differs, o.differs)
	case !c.Plan:
		if err := o.create(); err != nil && !already(err) {
			return c.refuse(o.kind, o.name, err)
		}
	}
	return c.found(o.kind, o.name, Created, o.why)
}

// refuse reports an object that cannot come because one of the servers refused something. An error
// that ends the copy is returned.
func (c *copier) refuse(kind Kind, name string, err error) error {
	if err == nil || stops(err) {
		return err
	}
	return c.found(kind, name, Refused, explain(err))
}
