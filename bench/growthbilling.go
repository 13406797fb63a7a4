package main

import (
	"context"
	"fmt"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// thingsOfBillingGroup is a billing group with very many things, and a policy that is attached to
// as many certificates (R-ID-44, R-ID-62).
var thingsOfBillingGroup = growth{
	name:  "things of a billing group, and targets of a policy",
	sizes: []int{100, 10_000, 100_000},
	setUp: func(ctx context.Context, g *grown) error {
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			if i == 1 {
				c.Registry.CreatedBillingGroups = []registry.BillingGroup{{ID: 1 << 40, Name: "all"}}
				c.Registry.Policies = []registry.Policy{registry.NewPolicy("all", "{}", g.Now())}
			}
			one := storedThing(i)
			one.BillingGroup = 1 << 40
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, one)
			c.Registry.Attached = append(c.Registry.Attached, registry.Attachment{
				Policy:     "all",
				Kind:       registry.CertificateTarget,
				Key:        fmt.Sprint(i),
				AttachedAt: g.Now(),
			})
		})
	},
	operations: []operation{
		{
			name:  "ListThingsInBillingGroup, one page",
			times: 50,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Fleet.ListBilledThings(ctx, "all", thing(50), 25)
				return err
			},
		},
		{
			name:  "ListPolicyPrincipals, one page",
			times: 50,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Identity.TargetsByTime(ctx, store.TargetQuery{Policy: "all", Limit: 25})
				return err
			},
		},
		{
			name:  "RemoveThingFromBillingGroup, and into it again",
			times: 50,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, i int) error {
				if err := g.Fleet.UnbillThing(ctx, "all", thing(1+i)); err != nil {
					return err
				}
				return g.Fleet.BillThing(ctx, "all", thing(1+i))
			},
		},
		{
			name:   "DeleteBillingGroup",
			times:  1,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				if err := g.Fleet.DeleteBillingGroup(ctx, "all", nil); err != nil {
					return err
				}
				_, err := g.Fleet.CreateBillingGroup(ctx, fleet.NewBillingGroup{Name: "all"})
				return err
			},
		},
	},
}
