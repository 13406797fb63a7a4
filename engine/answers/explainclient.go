package answers

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// What lies between the server and a device: its connection, its session and its policies.

// Devices is what is asked about devices, beyond jobs.
type Devices struct {
	Fleet    *fleet.Service
	Identity *identity.Service
	// Clients is what the broker of this server knows; nil where there is none.
	Clients Clients
	// Ways are the ways by which a device can work on a job, with what must be allowed for each.
	// Nil asks no policies.
	Ways func(thing, jobID string) []explain.Way
}

// Clients is asked about the clients of things. It answers from memory.
type Clients interface {
	Look(thing string) ClientLook
}

// ClientLook is what a broker knows of the client that is named like a thing, and of who gets the
// notices of the thing.
type ClientLook struct {
	Connected bool // to this server
	AsThing   bool // it stands for the thing
	Plain     bool // it has connected without a certificate
	Since     time.Time
	Receivers []string // the clients of some sessions that subscribe to notices of the thing
	Notice    *explain.Notice
}

// look asks the broker, if there is one.
func (d Devices) look(thing string) (l ClientLook) {
	if d.Clients != nil {
		l = d.Clients.Look(thing)
	}
	return l
}

// client is what is known of the client of a thing; nil where nothing can be known.
func (d Devices) client(r store.Reader, thing string) (*explain.Client, error) {
	known, err := d.Fleet.ConnectivityOf(r, thing)
	if err != nil || known == nil && d.Clients == nil {
		return nil, err
	}
	look := d.look(thing)
	c := &explain.Client{
		Connected: look.Connected && look.AsThing,
		At:        look.Since,
		Known:     d.Clients != nil,
		Plain:     look.Plain,
		Receivers: look.Receivers,
		Notice:    look.Notice,
	}
	if known != nil {
		c.Seen, c.Connected, c.At = true, c.Connected || known.Connected, known.At
		c.Why = known.DisconnectReason
	}
	c.NotTheThing = look.Connected && !look.AsThing && !c.Connected
	if c.NotTheThing {
		c.At = look.Since
	}
	if c.Connected && !look.Connected {
		c.Known = false
		c.Node, err = nodeOf(r, thing)
	}
	return c, err
}

// nodeOf is the name of the node that has a client, empty when that is none of several.
func nodeOf(r store.Reader, client string) (string, error) {
	turns, err := r.Turns(client)
	if err != nil || len(turns) == 0 {
		return "", err
	}
	nodes, err := r.Nodes()
	for _, n := range nodes {
		if n.ID == turns[len(turns)-1].Node {
			return n.Name, err
		}
	}
	return "", err
}

// maxCertificates is how many certificates of a thing are looked at.
const maxCertificates = 10

// access is what the policies in effect for a thing say about working on a job; nil where nobody
// can be asked. A certificate that is refused nothing by one way is refused nothing, unless the
// thing is connected: then it is MQTT that counts.
func (d Devices) access(
	ctx context.Context, thing, jobID string, client *explain.Client,
) (*explain.Access, error) {
	if d.Ways == nil {
		return nil, nil
	}
	certificates, err := d.Identity.CertificatesOf(ctx, thing, maxCertificates)
	if err != nil {
		return nil, err
	}
	a, now := &explain.Access{Certificates: len(certificates)}, clock.Now()
	for _, c := range certificates {
		if err := c.CheckConnect(now); err != nil {
			a.Unfit = append(a.Unfit, explain.Unfit{
				Certificate: c.ID,
				Why:         unfit(c, err),
				Since:       c.UpdatedAt,
			})
			continue
		}
		refused, err := d.refusals(ctx, c.ID, thing, jobID, client != nil && client.Connected)
		if err != nil || len(refused) == 0 {
			a.Refusals = nil
			return a, err
		}
		if a.Refusals == nil {
			a.Refusals = refused
		}
	}
	return a, nil
}

// unfit says why a certificate may not connect.
func unfit(c registry.Certificate, err error) string {
	if c.Status != registry.CertificateActive {
		return "it is " + string(c.Status)
	}
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}

// refusals is what a certificate is refused by the first way, none when it is refused nothing by
// one of the ways. Of a thing that is connected, only MQTT counts.
func (d Devices) refusals(
	ctx context.Context, certificate, thing, jobID string, connected bool,
) (first []explain.Refusal, err error) {
	for i, way := range d.Ways(thing, jobID) {
		if connected && !way.MQTT {
			continue
		}
		refused, err := d.refusalsOf(ctx, way, certificate, thing)
		if err != nil || len(refused) == 0 {
			return nil, err
		}
		if i == 0 {
			first = refused
		}
	}
	return first, nil
}

// refusalsOf is what a certificate is refused by one way: of each need that is not met, the first
// permission.
func (d Devices) refusalsOf(
	ctx context.Context, way explain.Way, certificate, thing string,
) (refused []explain.Refusal, err error) {
	q := identity.AuthorizationQuery{Certificate: certificate}
	if way.MQTT {
		q.ClientID = thing
	}
	for _, need := range way.Needs {
		for _, p := range need {
			q.Tests = append(q.Tests, identity.AuthorizationTest{
				Action:    p.Action,
				Resources: []string{p.Resource},
			})
		}
	}
	results, err := d.Identity.TestAuthorization(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, need := range way.Needs {
		of := results[:len(need)]
		results = results[len(need):]
		if met(of) {
			continue
		}
		refused = append(refused, refusal(certificate, need[0], of[0]))
	}
	return refused, nil
}

// met reports whether one of several permissions is given.
func met(results []policy.Explanation) bool {
	for _, e := range results {
		if e.Decision == policy.Allowed {
			return true
		}
	}
	return false
}

// refusal is a permission that is not given.
func refusal(certificate string, p explain.Permission, e policy.Explanation) explain.Refusal {
	r := explain.Refusal{
		Certificate: certificate,
		Permission:  p,
		Silent:      e.Silent,
		Unknown:     e.Unresolved,
	}
	if len(e.Statements) > 0 {
		r.Statement = e.Statements[0].String()
	}
	return r
}
