module github.com/drover-iot/drover

go 1.26
