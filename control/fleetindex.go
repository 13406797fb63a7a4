package control

import (
	"context"
	"encoding/json"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/schema"
)

func (p *Plane) bindFleetIndex(r *schema.Router) {
	schema.Handle(r, iot.UpdateIndexingConfiguration, p.UpdateIndexingConfiguration)
	schema.Handle(r, iot.GetIndexingConfiguration, p.GetIndexingConfiguration)
	schema.Handle(r, iot.SearchIndex, p.SearchIndex)
}

// UpdateIndexingConfiguration stores what is to be indexed, without effect (R-ID-39).
func (p *Plane) UpdateIndexingConfiguration(ctx context.Context, in *iot.IndexingConfiguration) (*schema.Nothing, error) {
	var given fleet.Indexing
	if in.ThingIndexingConfiguration != nil {
		given.Things = marshal(in.ThingIndexingConfiguration)
	}
	if in.ThingGroupIndexingConfiguration != nil {
		given.Groups = marshal(in.ThingGroupIndexingConfiguration)
	}
	return &schema.Nothing{}, p.Fleet.UpdateIndexing(ctx, given)
}

func marshal(configuration any) []byte {
	text, err := json.Marshal(configuration)
	if err != nil {
		panic(err) // configurations are plain structures
	}
	return text
}

// GetIndexingConfiguration shows what was stored, at first that the registry and connectivity are indexed.
func (p *Plane) GetIndexingConfiguration(ctx context.Context, _ *schema.Nothing) (*iot.IndexingConfiguration, error) {
	stored, err := p.Fleet.Indexing(ctx)
	if err != nil {
		return nil, err
	}
	things := iot.ThingIndexingConfiguration{
		ThingIndexingMode: "REGISTRY", ThingConnectivityIndexingMode: new(iot.ThingConnectivityIndexingMode("STATUS")),
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
	return &iot.IndexingConfiguration{ThingIndexingConfiguration: &things, ThingGroupIndexingConfiguration: &groups}, nil
}

// searchPage is the page size of SearchIndex when a request names none; it is the largest (R-ID-41).
const searchPage = 500

// SearchIndex finds the things that a query matches, by name.
func (p *Plane) SearchIndex(ctx context.Context, in *iot.SearchIndexRequest) (*iot.SearchIndexResponse, error) {
	if err := checkIndex(in.IndexName, in.QueryVersion, &in.QueryString); err != nil {
		return nil, err
	}
	size := iot.SearchMaxResults(searchPage)
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	request, err := openPage[nameCursor](p.Pages, "SearchIndex", in.QueryString, in.NextToken, &size)
	if err != nil {
		return nil, err
	}
	found, more, err := p.Fleet.Search(ctx, string(in.QueryString), request.from().Name, request.limit())
	if err != nil {
		return nil, err
	}
	found, next := cut(request, found, func(s fleetquery.Subject) nameCursor { return nameCursor{s.Name} })
	if more != "" {
		next = new(p.Pages.seal("SearchIndex", in.QueryString, nameCursor{more}))
	}
	return &iot.SearchIndexResponse{NextToken: (*iot.NextToken)(next), Things: convert(found, showSubject)}, nil
}

func showSubject(s fleetquery.Subject) iot.ThingDocument {
	out := iot.ThingDocument{
		ThingName: iot.ThingName(s.Name), ThingID: s.UUID, ThingTypeName: optional(iot.ThingTypeName(s.Type)), Attributes: s.Attributes,
		ThingGroupNames: convert(s.Groups, func(name string) iot.ThingGroupName { return iot.ThingGroupName(name) }),
	}
	if c := s.Connectivity; c != nil {
		out.Connectivity = &iot.ThingConnectivity{
			Connected: &c.Connected, Timestamp: new(c.At.UnixMilli()), DisconnectReason: optional(c.DisconnectReason),
		}
	}
	return out
}
