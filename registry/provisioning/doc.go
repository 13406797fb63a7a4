// Package provisioning is the language of provisioning templates: a JSON document that says which
// thing, certificate and policies a device gets, in terms of parameters that it sends (docs/spec/33,
// R-ID-77 to R-ID-80). It is pure. Nothing here knows what is registered: Evaluate makes a Plan,
// and who applies it decides what becomes of what is there already.
//
// Start with Parse in template.go, then Evaluate in plan.go.
package provisioning
