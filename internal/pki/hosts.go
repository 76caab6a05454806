package pki

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// allHosts is what a server certificate is for: how a server is reached from its own machine, the machine's name, and what the
// operator says.
func allHosts(extra []string) ([]string, error) {
	out := []string{"localhost", "127.0.0.1", "::1"}
	// A machine may have a name that no certificate can carry, or none. It is nobody's wish here, so it is nobody's error.
	if name, err := os.Hostname(); err == nil {
		if h, ok := host(name); ok {
			out = append(out, h)
		}
	}
	for _, text := range extra {
		h, ok := host(text)
		if !ok {
			return nil, fmt.Errorf("host %q is neither a DNS name nor an IP address; give it without scheme and port", text)
		}
		out = append(out, h)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// host brings a DNS name or an IP address to its one form.
func host(text string) (string, bool) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Unmap().String(), ip.Zone() == "" && !ip.IsUnspecified()
	}
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	if name == "" || len(name) > 253 {
		return "", false
	}
	for i, label := range strings.Split(name, ".") {
		if i == 0 && label == "*" && strings.Count(name, ".") >= 2 {
			continue // *.example.com, but not *.com
		}
		if !validLabel(label) {
			return "", false
		}
	}
	return name, true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
