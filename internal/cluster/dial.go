package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/pratique-iam/pratique"
)

// Guarded dials addresses that users name. What a name resolves to is looked at when it is dialled, after DNS and every time, so that no name
// can lead elsewhere later (security rules §2.H).
//
// Private networks are where clusters are, and stay open. Loopback would reach this machine's own services, link-local the metadata
// services of clouds, which give out credentials; both are refused unless the operator lists them.
//
// Networks are the operator's exceptions. Whatever else dials addresses of users, such as identity providers, goes through here as well.
func Guarded(networks []netip.Prefix) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{
		Timeout: dialTimeout, KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dial %s: %w", address, err)
			}
			if ip := at.Addr().Unmap().WithZone(""); !reachable(ip, networks) {
				return &pratique.Error{
					Kind:    pratique.ErrInvalid,
					Message: fmt.Sprintf("the address %s is on this machine or its link, where this server calls nobody", ip),
					Hint:    "the operator of the server can allow the network",
				}
			}
			return nil
		},
	}
	return d.DialContext
}

func reachable(ip netip.Addr, allowed []netip.Prefix) bool {
	if slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return true
	}
	local := ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return !local && !slices.ContainsFunc(metadata(), func(m netip.Addr) bool { return m == ip })
}

// metadata services that are not on the link: Alibaba Cloud's and AWS's over IPv6.
func metadata() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{100, 100, 100, 200}), netip.MustParseAddr("fd00:ec2::254")}
}
