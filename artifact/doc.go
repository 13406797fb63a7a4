// Package artifact is the embedded store of artifacts: the files that devices download, such as
// firmware images (docs/spec/53). It holds one bucket of objects. Bytes are in files with random
// names below objects, and an index, index.db, says which of them make up which object.
//
// An object exists from the commit of its row in the index on, and that comes after its bytes are on
// stable storage. So an upload that is torn, by its client, by a full disk or by a crash, leaves at
// most a file that no row names; Open removes those. Keys are data in the index and never part of a
// path (R-ART-15).
//
// The package knows no HTTP; artifact/s3api does. Start with store.go, then receive.go, how bytes
// come in, and object.go, how they are read.
package artifact
