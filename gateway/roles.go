package gateway

import (
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// What an operator may do is decided by the role of the key alone (R-WEB-1): by the description of
// the operation, and on paths that are no operations by the method.

// may checks that a key has a role. what is what needs it, as the refusal names it. The fault is
// Forbidden.
func (k Key) may(what string, needed schema.Role) error {
	if k.Role.Includes(needed) {
		return nil
	}
	if _, err := schema.ParseRole(string(k.Role)); err != nil {
		return fault.New(fault.Forbidden, "the key %s may do nothing: %v", k.Name, err)
	}
	return fault.New(fault.Forbidden, "the key %s has the role %s; %s needs %s",
		k.Name, k.Role, what, needed.OrAdmin())
}

// mayCall checks that a key may call an operation of the control plane.
func (k Key) mayCall(op *schema.Description) error { return k.may(op.Name, op.Role) }

// mayCallFor checks that a key may call an operation of the device plane, for any thing.
func (k Key) mayCallFor(op *schema.Description, _ string) error { return k.mayCall(op) }

// reads reports whether a method changes nothing.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// roleOfArtifacts is what a request for S3 needs (R-WEB-5).
func roleOfArtifacts(method string) schema.Role {
	if reads(method) {
		return schema.Viewer
	}
	return schema.Operator
}

// roleOfServer is what a request needs that is answered by HTTP.Server (R-WEB-6).
func roleOfServer(method string) schema.Role {
	if reads(method) {
		return schema.Viewer
	}
	return schema.Admin
}
