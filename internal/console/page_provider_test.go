package console

func providerPages() []page { return []page{&providersPage{}, &providerPage{}, &providerForm{}} }
