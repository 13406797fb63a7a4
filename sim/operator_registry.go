package sim

import (
	"time"

	"github.com/drover-iot/drover/api/iot"
)

// The calls about things and groups. They matter to jobs because things become targets and cease to
// be.

// createThing creates a thing. One with this name may exist already: that is no error.
func (o *operator) createThing(name string) {
	in := &iot.CreateThingRequest{ThingName: iot.ThingName(name)}
	_, err := o.node.control.CreateThing(o.ctx, in)
	o.answered(err, "CreateThing %s", name)
}

// deleteThing deletes a thing; its pending executions become REMOVED. Its device knows nothing of
// that and goes on asking.
func (o *operator) deleteThing(name string) {
	in := &iot.DeleteThingRequest{ThingName: iot.ThingName(name)}
	_, err := o.node.control.DeleteThing(o.ctx, in)
	o.answered(err, "DeleteThing %s", name)
}

// createGroup creates one of the groups in groupParents, below its parent.
func (o *operator) createGroup(name string) {
	in := &iot.CreateThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)}
	for _, g := range groupParents {
		if g.name == name && g.parent != "" {
			in.ParentGroupName = new(iot.ThingGroupName(g.parent))
		}
	}
	_, err := o.node.control.CreateThingGroup(o.ctx, in)
	o.answered(err, "CreateThingGroup %s", name)
}

// replaceGroup deletes a group without children, and creates it again some time later.
func (o *operator) replaceGroup() {
	name := oneOf(o.rand, "c", "d", "e")
	in := &iot.DeleteThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)}
	_, err := o.node.control.DeleteThingGroup(o.ctx, in)
	o.answered(err, "DeleteThingGroup %s", name)
	o.time.after(o.rand.span(0, 5*time.Hour), func() {
		if o.reach() {
			o.createGroup(name)
		}
	})
}

// addToGroup makes a thing a member of a group, and by that a target of continuous jobs.
func (o *operator) addToGroup(group, thing string) {
	_, err := o.node.control.AddThingToThingGroup(o.ctx, &iot.AddThingToThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)),
		ThingName:      new(iot.ThingName(thing)),
	})
	o.answered(err, "AddThingToThingGroup %s %s", group, thing)
}

// removeFromGroup ends a membership; it is no error when there is none.
func (o *operator) removeFromGroup(group, thing string) {
	in := &iot.RemoveThingFromThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)),
		ThingName:      new(iot.ThingName(thing)),
	}
	_, err := o.node.control.RemoveThingFromThingGroup(o.ctx, in)
	o.answered(err, "RemoveThingFromThingGroup %s %s", group, thing)
}

// leaveForAWhile takes a thing out of a group and puts it back, at once or some minutes later, as a
// dynamic group does with a device whose connection comes and goes. It may be no member before.
func (o *operator) leaveForAWhile(group, thing string) {
	o.removeFromGroup(group, thing)
	o.time.after(o.rand.span(0, 4*time.Minute), func() {
		if o.reach() {
			o.addToGroup(group, thing)
		}
	})
}

// changeGroups takes a thing from one group into another with one call.
func (o *operator) changeGroups() {
	thing, from, to := o.draw.thing(), o.draw.group(), o.draw.group()
	in := &iot.UpdateThingGroupsForThingRequest{
		ThingName:           new(iot.ThingName(thing)),
		ThingGroupsToAdd:    []iot.ThingGroupName{iot.ThingGroupName(to)},
		ThingGroupsToRemove: []iot.ThingGroupName{iot.ThingGroupName(from)},
	}
	_, err := o.node.control.UpdateThingGroupsForThing(o.ctx, in)
	o.answered(err, "UpdateThingGroupsForThing %s from %s to %s", thing, from, to)
}

// enableEvents switches on the lifecycle events of jobs and executions, for good.
func (o *operator) enableEvents() {
	on := iot.Configuration{Enabled: new(true)}
	in := &iot.UpdateEventConfigurationsRequest{
		EventConfigurations: iot.EventConfigurations{"JOB": on, "JOB_EXECUTION": on},
	}
	_, err := o.node.control.UpdateEventConfigurations(o.ctx, in)
	if err == nil {
		o.checker.EnableEvents()
	}
	o.answered(err, "UpdateEventConfigurations")
}
