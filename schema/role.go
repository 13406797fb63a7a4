package schema

import (
	"fmt"
	"slices"
)

// A Role says what the holder of an operator key may do, and of an operation the least that its
// caller must be.
type Role string

// The roles. Each includes those before it.
const (
	// Device does nothing but what policies allow, over MQTT (R-BRK-32).
	Device Role = "device"
	// Viewer reads.
	Viewer Role = "viewer"
	// Operator also changes jobs, and what jobs are for: things and their groups.
	Operator Role = "operator"
	// Admin also changes who may do what, and the server itself.
	Admin Role = "admin"
)

// roles are all roles, in their order.
var roles = []Role{Device, Viewer, Operator, Admin}

// Roles returns all roles, each of which includes those before it.
func Roles() []Role { return slices.Clone(roles) }

// ParseRole reads the name of a role.
func ParseRole(name string) (Role, error) {
	if !slices.Contains(roles, Role(name)) {
		return "", fmt.Errorf("the role %q does not exist; roles are %q", name, roles)
	}
	return Role(name), nil
}

// Includes reports whether a role is another one or more than that. What is no role, such as the
// empty one, includes nothing. An operation whose role is empty needs an admin.
func (r Role) Includes(needed Role) bool {
	return slices.Index(roles, r) >= slices.Index(roles, needed.OrAdmin())
}

// OrAdmin is a role that an operation needs. That of one which names none is Admin, so that what
// nobody has thought of is not open.
func (r Role) OrAdmin() Role {
	if !slices.Contains(roles, r) {
		return Admin
	}
	return r
}
