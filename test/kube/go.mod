module github.com/pratique-iam/pratique/test/kube

go 1.26.0
