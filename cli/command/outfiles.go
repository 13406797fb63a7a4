package command

// Certificates and keys are shown once. Options that name files for them save a user the cutting
// from the answer.

// Outfile is an option that names a file for a part of the answer.
type Outfile struct {
	Option string // its name, without dashes
	Part   string // of the answer, member.member
}

// Outfiles are files that a successful call writes parts of its answer to, by the name of the
// operation in the API (R-CMD-130). They are part of the command line, not of the API.
var Outfiles = map[string][]Outfile{
	"CreateKeysAndCertificate": {
		{"certificate-pem-outfile", "certificatePem"},
		{"public-key-outfile", "keyPair.PublicKey"},
		{"private-key-outfile", "keyPair.PrivateKey"},
	},
	"CreateCertificateFromCsr": {{"certificate-pem-outfile", "certificatePem"}},
}
