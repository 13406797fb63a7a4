module github.com/drover-iot/drover

go 1.26

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/cockroachdb/datadriven v1.0.3
)

require (
	github.com/aws/smithy-go v1.28.9 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
)

require github.com/google/go-cmp v0.7.0
