package schema

// An Exception is the name of an error on the wire, such as ResourceNotFoundException. It is an
// error itself, so that a caller can ask errors.Is(err, api.ResourceNotFound) of what a client
// returned.
type Exception string

// Error returns the name.
func (e Exception) Error() string { return string(e) }

// Errors returns its arguments: the exceptions that an operation lists, in the order of the model.
func Errors(list ...Exception) []Exception { return list }
