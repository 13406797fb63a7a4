package app

import (
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
)

// What explanations need to know of devices, in the words of the parts that know it.

// explainDevices lets the answers of the engine ask the broker and the policies.
func explainDevices(d *answers.Devices, b *broker.Broker, scope registry.Scope) {
	d.Clients = clients{b}
	d.Ways = func(thing, jobID string) []explain.Way { return device.Ways(scope, thing, jobID) }
}

// clients implements answers.Clients by a broker.
type clients struct{ broker *broker.Broker }

// Look looks at the client of a thing and at who subscribes to its notices.
func (c clients) Look(thing string) answers.ClientLook {
	l := c.broker.Look(thing, jobsdata.NotifyNextTopic(thing), jobsdata.NotifyTopic(thing))
	look := answers.ClientLook{
		Connected: l.Connected,
		AsThing:   l.AsThing,
		Plain:     l.Connected && l.Principal == "",
		Since:     l.Since,
		Receivers: l.Receivers,
	}
	if n := l.Notification; n != nil {
		look.Notice = &explain.Notice{
			Stored:       n.Waits,
			Sent:         n.Sent,
			Acknowledged: n.Acknowledged,
			QoS1:         n.QoS > 0,
		}
	}
	return look
}
