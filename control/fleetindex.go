package control

import (
	"context"
	"encoding/json"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/schema"
)

// The operations of fleet indexing. Here the fleet is always indexed: what is configured is stored
// and shown, and has no effect (R-ID-39). Searching takes the queries of dynamic groups.

func (p *Plane) bindFleetIndex(r *schema.Router) {
	schema.Handle(r, iot.UpdateIndexingConfiguration, p.UpdateIndexingConfiguration)
	schema.Handle(r, iot.GetIndexingConfiguration, p.GetIndexingConfiguration)
	schema.Handle(r, iot.SearchIndex, p.SearchIndex)
}

// UpdateIndexingConfiguration stores which parts of the fleet are to be indexed. Of the two
// configurations the one that was not sent stays as it was (R-ID-39).
func (p *Plane) UpdateIndexingConfiguration(
	ctx context.Context, in *iot.IndexingConfiguration,
) (*schema.Nothing, error) {
	var given fleet.Indexing
	if in.ThingIndexingConfiguration != nil {
		given.Things = marshal(in.ThingIndexingConfiguration)
	}
	if in.ThingGroupIndexingConfiguration != nil {
		given.Groups = marshal(in.ThingGroupIndexingConfiguration)
	}
	return &schema.Nothing{}, p.Fleet.UpdateIndexing(ctx, given)
}

// marshal is the form in which a configuration is stored. Nobody but GetIndexingConfiguration
// reads it.
func marshal(configuration any) []byte {
	text, err := json.Marshal(configuration)
	if err != nil {
		panic(err) // configurations are plain structures
	}
	return text
}

// GetIndexingConfiguration shows what was stored. Before that, the registry and the connectivity
// of things are indexed, and groups are not.
func (p *Plane) GetIndexingConfiguration(
	ctx context.Context, _ *schema.Nothing,
) (*iot.IndexingConfiguration, error) {
	stored, err := p.Fleet.Indexing(ctx)
	if err != nil {
		return nil, err
	}
	things := iot.ThingIndexingConfiguration{
		ThingIndexingMode:             "REGISTRY",
		ThingConnectivityIndexingMode: new(iot.ThingConnectivityIndexingMode("STATUS")),
	}
	groups := iot.ThingGroupIndexingConfiguration{ThingGroupIndexingMode: "OFF"}
	if stored.Things != nil {
		things = iot.ThingIndexingConfiguration{}
		if err := json.Unmarshal(stored.Things, &things); err != nil {
			return nil, err
		}
	}
	if stored.Groups != nil {
		groups = iot.ThingGroupIndexingConfiguration{}
		if err := json.Unmarshal(stored.Groups, &groups); err != nil {
			return nil, err
		}
	}
	return &iot.IndexingConfiguration{
		ThingIndexingConfiguration:      &things,
		ThingGroupIndexingConfiguration: &groups,
	}, nil
}

// searchPage is how SearchIndex pages. Its description has no Page, as the model of the API has
// none for it, so that no client goes on to the next page by itself.
var searchPage = &schema.Page{
	In:    "nextToken",
	Size:  "maxResults",
	Out:   "nextToken",
	Items: "things",
}

// SearchIndex finds the things that a query matches, by name. One request looks at a bounded
// number of things, so a page may be short, or empty, and have a token (R-ID-41).
func (p *Plane) SearchIndex(
	ctx context.Context, in *iot.SearchIndexRequest,
) (*iot.SearchIndexResponse, error) {
	op := iot.SearchIndex
	op.Page = searchPage
	return scan(p, op, in,
		func(after *string, limit int) ([]fleetquery.Subject, *string, error) {
			query := string(in.QueryString)
			if err := checkIndex(in.IndexName, in.QueryVersion, &in.QueryString); err != nil {
				return nil, nil, err
			}
			found, stopped, err := p.Fleet.Search(ctx, query, value(after), limit)
			return found, optional(stopped), err
		},
		func(s fleetquery.Subject) string { return s.Name },
		showSubject)
}

// showSubject is a thing as a search shows it: with its groups, and the state of its connection if
// there ever was one.
func showSubject(s fleetquery.Subject) iot.ThingDocument {
	groupName := func(name string) iot.ThingGroupName { return iot.ThingGroupName(name) }
	return iot.ThingDocument{
		ThingName:       iot.ThingName(s.Name),
		ThingID:         s.UUID,
		ThingTypeName:   optional(iot.ThingTypeName(s.Type)),
		Attributes:      s.Attributes,
		ThingGroupNames: convert(s.Groups, groupName),
		Connectivity:    connectivity(s.Connectivity),
	}
}

// connectivity shows what is known of the client of a thing, nil when nothing is.
func connectivity(c *fleetquery.Connectivity) *iot.ThingConnectivity {
	if c == nil {
		return nil
	}
	return &iot.ThingConnectivity{
		Connected:        &c.Connected,
		Timestamp:        new(c.At.UnixMilli()),
		DisconnectReason: optional(c.DisconnectReason),
	}
}
