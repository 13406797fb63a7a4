package storetest

import (
	"fmt"
	"slices"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func certificate(id string, seconds int) registry.Certificate {
	return registry.Certificate{ID: id, PEM: "pem " + id, Status: registry.CertificateActive, Mode: "DEFAULT",
		CreatedAt: at(seconds), UpdatedAt: at(seconds), NotBefore: at(-9), NotAfter: at(9)}
}

func policy(name string, seconds int) registry.Policy {
	return registry.Policy{Name: name, Default: 1, LastNumber: 1, CreatedAt: at(seconds), UpdatedAt: at(seconds),
		Versions: []registry.PolicyVersion{{Number: 1, Document: "{ }", CreatedAt: at(seconds)}}}
}

func authorizer(name string, seconds int) registry.Authorizer {
	return registry.Authorizer{Name: name, Function: "https://a", TokenKey: "k", SigningKeys: map[string]string{"a": "pem"}, Status: "ACTIVE",
		Default: seconds == 2, CreatedAt: at(seconds), UpdatedAt: at(seconds)}
}

func saveCertificates(list ...registry.Certificate) (c store.Changes) {
	c.Registry.Certificates = list
	return c
}

func caCertificate(id string, seconds int) registry.CACertificate {
	return registry.CACertificate{ID: id, Subject: "subject " + id[:1], PEM: "pem " + id, Status: registry.CertificateInactive, Mode: "SNI_ONLY",
		CreatedAt: at(seconds), UpdatedAt: at(seconds), NotBefore: at(-9), NotAfter: at(9)}
}

func saveCACertificates(list ...registry.CACertificate) (c store.Changes) {
	c.Registry.CACertificates = list
	return c
}

func savePolicies(list ...registry.Policy) (c store.Changes) {
	c.Registry.Policies = list
	return c
}

func attach(list ...registry.Attachment) (c store.Changes) {
	c.Registry.Attached = list
	return c
}

func principals(list ...registry.Principal) (c store.Changes) {
	c.Registry.Principals = list
	return c
}

func certificateID(c registry.Certificate) string { return c.ID }
func policyName(p registry.Policy) string         { return p.Name }

func caCertificateID(c registry.CACertificate) string { return c.ID }

// byCreation checks a list that is ordered by creation, then by key, in both directions and all
// page sizes.
func byCreation[T any](w world, want []string, key func(T) string, list func(store.Reader, store.IdentityQuery) ([]T, error), cursor func(T) store.IdentityCursor) {
	w.Helper()
	for limit := 1; limit <= len(want)+1; limit++ {
		for _, ascending := range []bool{true, false} {
			got := collect(pages(w, limit, func(r store.Reader, after *T, limit int) ([]T, error) {
				q := store.IdentityQuery{Ascending: ascending, Limit: limit}
				if after != nil {
					c := cursor(*after)
					q.After = &c
				}
				return list(r, q)
			}), key)
			expected := append([]string{}, want...)
			if !ascending {
				for i := range want {
					expected[len(want)-1-i] = want[i]
				}
			}
			same(w, fmt.Sprintf("ascending %v by %d", ascending, limit), got, expected)
		}
	}
}

var identity = []promise{
	{"a certificate comes back whole, and a rewrite keeps its creation", func(w world) {
		want := certificate("c", 1)
		w.apply(saveCertificates(want))
		get := func(r store.Reader) (registry.Certificate, error) { return r.Certificate("c") }
		same(w, "created", read(w, get), want)
		want.Status, want.UpdatedAt = registry.CertificateRevoked, at(5)
		changed := want
		changed.CreatedAt = at(5)
		w.apply(saveCertificates(changed))
		same(w, "rewritten", read(w, get), want)
		remove := store.Changes{Registry: store.RegistryChanges{DeletedCertificates: []string{"c"}}}
		w.apply(remove)
		absent(w, "deleted", get)
		w.refused("deleted again", remove)
	}},
	{"certificates are listed by creation, then by id", func(w world) {
		w.apply(saveCertificates(certificate("b", 1), certificate("a", 1), certificate("A", 1), certificate("0", 2), certificate("z", 0)))
		byCreation(w, []string{"z", "A", "a", "b", "0"}, certificateID, store.Reader.Certificates,
			func(c registry.Certificate) store.IdentityCursor {
				return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
			})
	}},
	{"the certificates of a CA are listed as all are, also when it is not there (R-ID-69)", func(w world) {
		of := func(ca string, c registry.Certificate) registry.Certificate {
			c.CA = ca
			return c
		}
		w.apply(saveCertificates(of("x", certificate("b", 1)), of("x", certificate("a", 1)), of("y", certificate("A", 1)), of("x", certificate("0", 2)), certificate("z", 0)))
		byCreation(w, []string{"a", "b", "0"}, certificateID, func(r store.Reader, q store.IdentityQuery) ([]registry.Certificate, error) {
			return r.CertificatesOfCA("x", q)
		}, func(c registry.Certificate) store.IdentityCursor {
			return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
		})
		for _, ca := range []string{"", "X", "z"} {
			same(w, "of "+ca, read(w, func(r store.Reader) ([]registry.Certificate, error) {
				return r.CertificatesOfCA(ca, store.IdentityQuery{Limit: 9})
			}), nil)
		}
		same(w, "whole", read(w, func(r store.Reader) (registry.Certificate, error) { return r.Certificate("A") }), of("y", certificate("A", 1)))
	}},
	{"a CA certificate comes back whole, and a rewrite keeps its subject and creation", func(w world) {
		want := caCertificate("c", 1)
		want.AutoRegister, want.Registration = true, registry.RegistrationConfig{TemplateName: "t", TemplateBody: "{ }", RoleARN: "r"}
		w.apply(saveCACertificates(want))
		get := func(r store.Reader) (registry.CACertificate, error) { return r.CACertificate("c") }
		same(w, "created", read(w, get), want)
		want.Status, want.UpdatedAt, want.Mode = registry.CertificateActive, at(5), "DEFAULT"
		want.AutoRegister, want.Registration = false, registry.RegistrationConfig{}
		changed := want
		changed.CreatedAt, changed.Subject = at(5), "another"
		w.apply(saveCACertificates(changed))
		same(w, "rewritten", read(w, get), want)
		remove := store.Changes{Registry: store.RegistryChanges{DeletedCACertificates: []string{"c"}}}
		w.apply(remove)
		absent(w, "deleted", get)
		w.refused("deleted again", remove)
	}},
	{"CA certificates are listed by creation, then by id, and found by their subject", func(w world) {
		w.apply(saveCACertificates(caCertificate("b", 1), caCertificate("a2", 1), caCertificate("A", 1), caCertificate("a1", 2), caCertificate("z", 0)))
		byCreation(w, []string{"z", "A", "a2", "b", "a1"}, caCertificateID, store.Reader.CACertificates,
			func(c registry.CACertificate) store.IdentityCursor {
				return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
			})
		for subject, want := range map[string][]string{"subject a": {"a1", "a2"}, "subject A": {"A"}, "subject": nil} {
			same(w, subject, collect(read(w, func(r store.Reader) ([]registry.CACertificate, error) {
				return r.CACertificatesOf(subject)
			}), caCertificateID), want)
		}
	}},
	{"a policy comes back whole with its versions byte for byte (R-ID-23)", func(w world) {
		want := policy("p", 1)
		want.Default, want.LastNumber = 2, 7
		want.Versions = append(want.Versions, registry.PolicyVersion{Number: 2, Document: "{\r\n \"a\" : \"<ü>\" }", CreatedAt: at(4)},
			registry.PolicyVersion{Number: 7, CreatedAt: at(5)})
		w.apply(savePolicies(want))
		get := func(r store.Reader) (registry.Policy, error) { return r.Policy("p") }
		same(w, "created", read(w, get), want)
		want.Versions, want.Default, want.UpdatedAt = want.Versions[2:], 7, at(6)
		w.apply(savePolicies(want))
		same(w, "rewritten", read(w, get), want)
		absent(w, "case", func(r store.Reader) (registry.Policy, error) { return r.Policy("P") })
		remove := store.Changes{Registry: store.RegistryChanges{DeletedPolicies: []string{"p"}}}
		w.apply(remove)
		absent(w, "deleted", get)
		w.refused("deleted again", remove)
		w.apply(savePolicies(policy("p", 9)))
		same(w, "made again", read(w, get), policy("p", 9))
	}},
	{"an authorizer comes back whole, is rewritten by name, and all are listed by name", func(w world) {
		save := func(list ...registry.Authorizer) (c store.Changes) {
			c.Registry.Authorizers = list
			return c
		}
		byName := func(r store.Reader) (registry.Authorizer, error) { return r.Authorizer("b") }
		w.apply(save(authorizer("b", 1), authorizer("a", 2), authorizer("A", 3)))
		same(w, "as created", read(w, byName), authorizer("b", 1))
		rewritten := registry.Authorizer{Name: "b", Function: "file:x", SigningDisabled: true, CachingForHTTP: true, Status: "INACTIVE", CreatedAt: at(1), UpdatedAt: at(5)}
		w.apply(save(rewritten))
		same(w, "as rewritten", read(w, byName), rewritten)
		same(w, "all", read(w, store.Reader.Authorizers), []registry.Authorizer{authorizer("A", 3), authorizer("a", 2), rewritten})
		remove := store.Changes{Registry: store.RegistryChanges{DeletedAuthorizers: []string{"b"}}}
		w.apply(remove)
		absent(w, "deleted", byName)
		w.refused("deleted again", remove)
	}},
	{"policies are listed by creation, then by name", func(w world) {
		w.apply(savePolicies(policy("b", 1), policy("a", 1), policy("A", 1), policy("0", 2), policy("z", 0)))
		byCreation(w, []string{"z", "A", "a", "b", "0"}, policyName, store.Reader.Policies,
			func(p registry.Policy) store.IdentityCursor {
				return store.IdentityCursor{CreatedAt: p.CreatedAt, Key: p.Name}
			})
	}},
	{"policies of a target are listed by name; attaching and detaching twice is no change", func(w world) {
		w.apply(savePolicies(policy("q", 1), policy("p", 2), policy("r", 3)))
		to := func(policy string, kind registry.TargetKind, key string) registry.Attachment {
			return registry.Attachment{Policy: policy, Kind: kind, Key: key}
		}
		w.apply(attach(to("q", registry.CertificateTarget, "k"), to("p", registry.CertificateTarget, "k"), to("r", registry.GroupTarget, "k")))
		w.apply(attach(to("q", registry.CertificateTarget, "k")))
		of := func(kind registry.TargetKind, key string) []string {
			return collect(read(w, func(r store.Reader) ([]registry.Policy, error) { return r.PoliciesOf(kind, key) }), policyName)
		}
		same(w, "certificate", of(registry.CertificateTarget, "k"), []string{"p", "q"})
		same(w, "group", of(registry.GroupTarget, "k"), []string{"r"})
		same(w, "none", of(registry.GroupTarget, "K"), nil)
		for range 2 {
			w.apply(store.Changes{Registry: store.RegistryChanges{Detached: []registry.Attachment{to("p", registry.CertificateTarget, "k")}}})
		}
		same(w, "detached", of(registry.CertificateTarget, "k"), []string{"q"})
		got := read(w, func(r store.Reader) ([]registry.Policy, error) { return r.PoliciesOf(registry.GroupTarget, "k") })
		same(w, "whole", got, []registry.Policy{policy("r", 3)})
	}},
	{"targets of a policy are listed by kind, then by key", func(w world) {
		w.apply(savePolicies(policy("p", 1), policy("q", 1)))
		var want []registry.Attachment
		for _, kind := range []registry.TargetKind{registry.CertificateTarget, registry.GroupTarget} {
			for _, key := range []string{"A", "a", "b"} {
				want = append(want, registry.Attachment{Policy: "p", Kind: kind, Key: key})
			}
		}
		w.apply(attach(want[5], want[0], want[3]), attach(want[4], want[2], want[1]),
			attach(registry.Attachment{Policy: "q", Kind: registry.GroupTarget, Key: "a"}))
		for limit := 1; limit <= 7; limit++ {
			got := pages(w, limit, func(r store.Reader, after *registry.Attachment, limit int) ([]registry.Attachment, error) {
				if after == nil {
					after = &registry.Attachment{}
				}
				return r.TargetsOf("p", *after, limit)
			})
			same(w, fmt.Sprint("pages of ", limit), got, want)
		}
	}},
	{"targets of a policy are listed by the time they were attached, which attaching again leaves", func(w world) {
		w.apply(savePolicies(policy("p", 1), policy("q", 1)))
		to := func(kind registry.TargetKind, key string, seconds int) registry.Attachment {
			return registry.Attachment{Policy: "p", Kind: kind, Key: key, AttachedAt: at(seconds)}
		}
		want := []registry.Attachment{to(registry.GroupTarget, "b", 0), to(registry.CertificateTarget, "A", 1),
			to(registry.CertificateTarget, "a", 1), to(registry.GroupTarget, "A", 1), to(registry.CertificateTarget, "0", 2)}
		w.apply(attach(want[2], want[4], want[0]), attach(want[1], want[3]), attach(to(registry.GroupTarget, "b", 9)),
			attach(registry.Attachment{Policy: "q", Kind: registry.GroupTarget, Key: "z", AttachedAt: at(1)}))
		for limit := 1; limit <= 6; limit++ {
			for _, ascending := range []bool{true, false} {
				got := pages(w, limit, func(r store.Reader, after *registry.Attachment, limit int) ([]registry.Attachment, error) {
					return r.TargetsByTime(store.TargetQuery{Policy: "p", Ascending: ascending, After: after, Limit: limit})
				})
				expected := slices.Clone(want)
				if !ascending {
					slices.Reverse(expected)
				}
				same(w, fmt.Sprintf("ascending %v by %d", ascending, limit), got, expected)
			}
		}
		w.apply(store.Changes{Registry: store.RegistryChanges{Detached: []registry.Attachment{to(registry.GroupTarget, "b", 5)}}})
		w.apply(attach(to(registry.GroupTarget, "b", 3)))
		newest := read(w, func(r store.Reader) ([]registry.Attachment, error) {
			return r.TargetsByTime(store.TargetQuery{Policy: "p", Limit: 1})
		})
		same(w, "attached anew", newest, []registry.Attachment{to(registry.GroupTarget, "b", 3)})
	}},
	{"principals are listed from both ends", func(w world) {
		w.apply(createThings(thing(1, "b"), thing(2, "a"), thing(3, "B")))
		list := []registry.Principal{{Thing: 1, Certificate: "y"}, {Thing: 1, Certificate: "x", Exclusive: true},
			{Thing: 2, Certificate: "x"}, {Thing: 3, Certificate: "x"}}
		w.apply(principals(list...))
		names := []string{"b", "b", "a", "B"}
		for i := range list {
			list[i].ThingName = names[i]
		}
		for limit := 1; limit <= 4; limit++ {
			ofThing := pages(w, limit, func(r store.Reader, after *registry.Principal, limit int) ([]registry.Principal, error) {
				if after == nil {
					after = &registry.Principal{}
				}
				return r.PrincipalsOfThing(1, after.Certificate, limit)
			})
			same(w, "of thing", ofThing, []registry.Principal{list[1], list[0]})
			ofCertificate := pages(w, limit, func(r store.Reader, after *registry.Principal, limit int) ([]registry.Principal, error) {
				if after == nil {
					after = &registry.Principal{}
				}
				return r.ThingsOfPrincipal("x", after.ThingName, limit)
			})
			same(w, "of certificate", ofCertificate, []registry.Principal{list[3], list[2], list[1]})
		}
	}},
	{"a principal is rewritten by thing and certificate, and removed once", func(w world) {
		w.apply(createThings(thing(1, "a")))
		p := registry.Principal{Thing: 1, Certificate: "c"}
		get := func(r store.Reader) (registry.Principal, error) { return r.Principal(1, "c") }
		absent(w, "before", get)
		w.apply(principals(p))
		p.Exclusive = true
		w.apply(principals(p))
		p.ThingName = "a"
		same(w, "principal", read(w, get), p)
		remove := store.Changes{Registry: store.RegistryChanges{DeletedPrincipals: []registry.Principal{p}}}
		w.apply(remove)
		absent(w, "after", get)
		w.refused("again", remove)
		w.refused("no thing", principals(registry.Principal{Thing: 9, Certificate: "c"}))
	}},
}
