package cluster

import (
	"net/netip"
	"testing"
)

func TestClustersAreNotOnThisMachineNorItsLink(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"10.1.2.3": true, "192.168.0.9": true, "172.16.0.1": true, "203.0.113.7": true, "fd12::1": true, "2001:db8::1": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "0.0.0.0": false, "::": false, "169.254.169.254": false, "fe80::1": false,
		"100.100.100.200": false, "fd00:ec2::254": false, "224.0.0.1": false, "255.255.255.255": false, "ff02::1": false,
	} {
		if got := reachable(netip.MustParseAddr(address), nil); got != want {
			t.Errorf("%s is reachable: %v", address, got)
		}
	}
	if !reachable(netip.MustParseAddr("127.0.0.1"), []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}) {
		t.Error("what the operator allows is refused")
	}
}
