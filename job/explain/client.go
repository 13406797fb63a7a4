package explain

import (
	"strings"
	"time"
)

// What lies between an execution that a device can see and a device that works on it: a connection,
// a subscription, a notice that arrives, and policies that let it do its part.

// receiversShown is how many clients a sentence names.
const receiversShown = 3

// reaches adds what stands between the device and an execution. queued is since when there is one,
// zero without one; when the device sees it and nothing stands in between, the device has to start
// it.
func (e *Explanation) reaches(f Facts, queued time.Time) {
	visible := len(e.Reasons) == 0 && !queued.IsZero()
	e.notConnected(f)
	c := f.Client
	switch {
	case c == nil || c.NotTheThing:
	case c.Notice != nil && c.Notice.Stored && visible:
		e.add(NoticeStored, "A notice waits in the session of the client %s, to be sent.", f.Thing)
	case !c.Connected:
	case c.Node != "":
		e.add(OnAnotherNode,
			"%s is connected to node %s, which alone knows its subscriptions and notices.",
			f.Thing, c.Node).since(c.At)
	case c.Known && len(c.Receivers) == 0:
		e.add(NoSubscription,
			"Nobody subscribes to notify or notify-next of %s, so it has to ask by "+
				"itself.", f.Thing)
	case visible && c.Notice != nil:
		e.notice(*c.Notice)
	}
	e.access(f)
	if visible && len(e.Reasons) == 0 {
		e.add(DeviceToStart,
			"The device can see the execution, and has not started it.").since(queued)
	}
}

// notConnected adds that the client of the thing is not there, or that another one is.
func (e *Explanation) notConnected(f Facts) {
	c := f.Client
	switch {
	case c == nil:
	case c.NotTheThing:
		e.add(NotTheThing,
			"A client of this name is connected with a certificate that is not attached "+
				"to the thing, so it does not stand for it.").since(c.At)
	case c.Connected:
	case !c.Seen:
		e.add(NotConnected,
			"It is not connected over MQTT, and was not since the server started%s.",
			others(f))
	default:
		because := ""
		if c.Why != "" {
			because = " (" + c.Why + ")"
		}
		e.add(NotConnected, "It is not connected over MQTT%s%s.", because, others(f)).since(c.At)
	}
}

// others says who gets the notices in the place of a client that is not there: its session, and
// those of others.
func others(f Facts) string {
	session, shown := "", []string(nil)
	if f.Client.Known {
		session = ", and no session of it waits for notices"
	}
	for _, receiver := range f.Client.Receivers {
		switch {
		case receiver == f.Thing:
			session = "; its session waits for notices"
		case len(shown) < receiversShown:
			shown = append(shown, receiver)
		}
	}
	if len(shown) > 0 {
		session += "; the sessions of others get them: " + strings.Join(shown, ", ")
	}
	return session
}

// notice adds what became of the last notice.
func (e *Explanation) notice(n Notice) {
	switch {
	case !n.Acknowledged.IsZero():
		e.add(NoticeAcknowledged,
			"The device has acknowledged its last notice, and has not started the "+
				"execution.").since(n.Acknowledged)
	case !n.QoS1:
		e.add(NoticeSent,
			"Its last notice was sent at QoS 0, which is not acknowledged.").since(n.Sent)
	default:
		e.add(NoticeSent, "Its last notice was sent, and is not acknowledged.").since(n.Sent)
	}
}

// access adds what policies refuse.
func (e *Explanation) access(f Facts) {
	a := f.Access
	if a == nil || f.Client != nil && f.Client.Plain {
		return
	}
	if connected := f.Client != nil && f.Client.Connected; a.Certificates == 0 && !connected {
		e.add(NoCertificate,
			"No certificate is attached to %s, so nothing is known of its policies.",
			f.Thing)
	}
	if a.Certificates > 0 && len(a.Unfit) == a.Certificates {
		for _, u := range a.Unfit {
			e.add(CertificateUnfit,
				"Certificate %s may not connect: %s.", short(u.Certificate), u.Why).
				since(u.Since)
		}
	}
	for _, r := range a.Refusals {
		e.add(PolicyRefuses, "%s", r.text())
	}
}

// text says what is refused, and by what.
func (r Refusal) text() string {
	by := "no policy is in effect for certificate " + short(r.Certificate)
	switch {
	case r.Statement != "":
		by = r.Statement + " denies it"
	case len(r.Silent) > 0:
		by = "no statement allows it, in " + strings.Join(r.Silent, ", ")
	}
	text := r.Action + " on " + r.Resource + " is refused: " + by
	if len(r.Unknown) > 0 {
		text += ", as far as that is known without " + strings.Join(r.Unknown, ", ")
	}
	return text + "."
}

// short is enough of the id of a certificate to find it.
func short(id string) string { return id[:min(len(id), 12)] }
