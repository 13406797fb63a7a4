package storetest

import (
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func provisioningTemplate(name string, seconds int) registry.ProvisioningTemplate {
	return registry.ProvisioningTemplate{
		Name:        name,
		Kind:        registry.FleetProvisioning,
		Description: "what \"it\" is <&>",
		Enabled:     seconds%2 == 1,
		RoleARN:     "arn:aws:iam::000000000000:role/r",
		Hook:        &registry.ProvisioningHook{Target: "https://h/?a=b&c", PayloadVersion: "2020-04-01"},
		Versions: []registry.TemplateVersion{
			{Number: 2, Body: "{\r\n \"a\" : \"<ü>\" }", CreatedAt: at(seconds)},
			{Number: 3, CreatedAt: at(seconds)},
		},
		Default:    2,
		LastNumber: 7,
		CreatedAt:  at(seconds),
		UpdatedAt:  at(seconds),
	}
}

func saveProvisioning(list ...registry.ProvisioningTemplate) (c store.Changes) {
	c.Registry.ProvisioningTemplates = list
	return c
}

func deleteProvisioning(names ...string) (c store.Changes) {
	c.Registry.DeletedProvisioningTemplates = names
	return c
}

func saveTemporary(list ...registry.TemporaryCertificate) (c store.Changes) {
	c.Registry.TemporaryCertificates = list
	return c
}

func keepCertificates(ids ...string) (c store.Changes) {
	c.Registry.KeptCertificates = ids
	return c
}

var ofProvisioning = []promise{
	{"a provisioning template comes back whole with its versions byte for byte (R-ID-76)", func(w world) {
		want := provisioningTemplate("t", 1)
		w.apply(saveProvisioning(want))
		get := func(r store.Reader) (registry.ProvisioningTemplate, error) { return r.ProvisioningTemplate("t") }
		same(w, "created", read(w, get), want)
		want = registry.ProvisioningTemplate{Name: "t", Kind: registry.JITProvisioning, CreatedAt: at(2), UpdatedAt: at(3)}
		w.apply(saveProvisioning(want))
		same(w, "rewritten", read(w, get), want)
		absent(w, "case", func(r store.Reader) (registry.ProvisioningTemplate, error) { return r.ProvisioningTemplate("T") })
		w.apply(deleteProvisioning("t"))
		absent(w, "deleted", get)
		w.refused("deleted again", deleteProvisioning("t"))
	}},
	{"provisioning templates are listed by name, and counted", func(w world) {
		for i, name := range []string{"b", "a-2", "A", "a", "ab"} {
			w.apply(saveProvisioning(provisioningTemplate(name, i)))
		}
		for limit := 1; limit <= 6; limit++ {
			got := collect(pages(w, limit, func(r store.Reader, after *registry.ProvisioningTemplate, limit int) ([]registry.ProvisioningTemplate, error) {
				if after == nil {
					after = &registry.ProvisioningTemplate{}
				}
				return r.ProvisioningTemplates(after.Name, limit)
			}), func(t registry.ProvisioningTemplate) string { return t.Name })
			same(w, "by name", got, []string{"A", "a", "a-2", "ab", "b"})
		}
		same(w, "count", read(w, store.Reader.ProvisioningTemplateCount), 5)
	}},
	{"temporary certificates are found when their time has come, the earliest first (R-ID-81)", func(w world) {
		a := registry.TemporaryCertificate{Certificate: "a", Until: at(5)}
		b := registry.TemporaryCertificate{Certificate: "b", Until: at(3), Policy: "{\"a\": \"<&>\"}"}
		c := registry.TemporaryCertificate{Certificate: "c", Until: at(3)}
		w.apply(saveTemporary(c, a, b))
		due := func(seconds, limit int) []registry.TemporaryCertificate {
			return read(w, func(r store.Reader) ([]registry.TemporaryCertificate, error) {
				return r.TemporaryCertificates(at(seconds), limit)
			})
		}
		same(w, "none", due(2, 9), nil)
		same(w, "two", due(3, 9), []registry.TemporaryCertificate{b, c})
		same(w, "all", due(5, 9), []registry.TemporaryCertificate{b, c, a})
		same(w, "one", due(5, 1), []registry.TemporaryCertificate{b})
		get := func(r store.Reader) (registry.TemporaryCertificate, error) { return r.TemporaryCertificate("a") }
		same(w, "by id", read(w, get), a)
		a.Until, a.Policy = at(9), "x"
		w.apply(saveTemporary(a))
		same(w, "rewritten", read(w, get), a)
		w.apply(keepCertificates("a"), keepCertificates("a", "b"))
		absent(w, "kept", get)
		same(w, "the rest", due(9, 9), []registry.TemporaryCertificate{c})
	}},
}
