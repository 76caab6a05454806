package addon

import (
	"fmt"
	"maps"

	"github.com/pratique-iam/pratique/catalog"
)

// Settings are those that permissions of an add-on depend on and that are set: where, by path. "MseIngressConfig default" for
// "spec.monitor.logging.sls".
type Settings map[string]string

// SettingsIn finds them in objects; those that do not configure the add-on are passed over. Of several objects the first is named.
func SettingsIn(a *catalog.Addon, objects []catalog.Object) Settings {
	out := Settings{}
	if a.Settings == nil {
		return out
	}
	paths := a.Paths()
	for _, o := range objects {
		if o.Kind() != a.Settings.Kind || o.Group() != a.Settings.Group {
			continue
		}
		for _, path := range paths {
			if _, known := out[path]; !known && o.Set(path) {
				out[path] = fmt.Sprintf("%s %s", o.Kind(), o.Name())
			}
		}
	}
	return out
}

// With adds what others have found.
func (s Settings) With(others ...Settings) Settings {
	out := Settings{}
	for _, o := range append(others, s) {
		maps.Copy(out, o)
	}
	return out
}
