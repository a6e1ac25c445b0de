// Package box is the process that owns a network namespace: in a container, with CAP_NET_ADMIN, it
// makes links, addresses, routes, nftables rules and forwards as it is told, counts flows, and hands
// requests to link-local addresses to the daemon. It knows nothing but what comes on its input.
package box
