package sim

import (
	"time"

	"github.com/drover-iot/drover/api/iot"
)

func (o *operator) createThing(name string) {
	_, err := o.server.control.CreateThing(o.ctx, &iot.CreateThingRequest{ThingName: iot.ThingName(name)})
	o.done(err, "CreateThing %s", name)
}

func (o *operator) deleteThing(name string) {
	_, err := o.server.control.DeleteThing(o.ctx, &iot.DeleteThingRequest{ThingName: iot.ThingName(name)})
	o.done(err, "DeleteThing %s", name)
}

func (o *operator) createGroup(name string) {
	in := &iot.CreateThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)}
	for _, g := range groupParents {
		if g.name == name && g.parent != "" {
			in.ParentGroupName = new(iot.ThingGroupName(g.parent))
		}
	}
	_, err := o.server.control.CreateThingGroup(o.ctx, in)
	o.done(err, "CreateThingGroup %s", name)
}

// replaceGroup deletes a group without children, and makes it again soon.
func (o *operator) replaceGroup() {
	name := []string{"c", "d", "e"}[o.r.IntN(3)]
	_, err := o.server.control.DeleteThingGroup(o.ctx, &iot.DeleteThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)})
	o.done(err, "DeleteThingGroup %s", name)
	o.after(o.span(0, 5*time.Hour), func() {
		if o.server.up {
			o.createGroup(name)
		}
	})
}

func (o *operator) join(group, thing string) {
	_, err := o.server.control.AddThingToThingGroup(o.ctx, &iot.AddThingToThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)), ThingName: new(iot.ThingName(thing)),
	})
	o.done(err, "AddThingToThingGroup %s %s", group, thing)
}

func (o *operator) part(group, thing string) {
	_, err := o.server.control.RemoveThingFromThingGroup(o.ctx, &iot.RemoveThingFromThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)), ThingName: new(iot.ThingName(thing)),
	})
	o.done(err, "RemoveThingFromThingGroup %s %s", group, thing)
}

// move takes a thing from one group into another as one change.
func (o *operator) move() {
	thing, from, to := o.draw.thing(), o.draw.group(), o.draw.group()
	_, err := o.server.control.UpdateThingGroupsForThing(o.ctx, &iot.UpdateThingGroupsForThingRequest{
		ThingName: new(iot.ThingName(thing)), ThingGroupsToAdd: []iot.ThingGroupName{iot.ThingGroupName(to)},
		ThingGroupsToRemove: []iot.ThingGroupName{iot.ThingGroupName(from)},
	})
	o.done(err, "UpdateThingGroupsForThing %s from %s to %s", thing, from, to)
}

// publishEvents switches lifecycle events on, for good.
func (o *operator) publishEvents() {
	on := iot.Configuration{Enabled: new(true)}
	_, err := o.server.control.UpdateEventConfigurations(o.ctx, &iot.UpdateEventConfigurationsRequest{
		EventConfigurations: iot.EventConfigurations{"JOB": on, "JOB_EXECUTION": on},
	})
	o.rules.events.on = err == nil
	o.done(err, "UpdateEventConfigurations")
}
