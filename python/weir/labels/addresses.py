"""Addresses and ports as logs write them."""

import ipaddress

#: What stands for any address.
_WILDCARDS = {"*", "0.0.0.0", "::"}


def address(text):
    """An address in its usual form, None for a wildcard; IPv4 in IPv6 is IPv4, and the scope is left out."""
    bare = text.strip("[]").split("%")[0].strip("[]")
    if bare in _WILDCARDS:
        return None
    parsed = ipaddress.ip_address(bare)
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return None if parsed.is_unspecified else str(parsed)


def endpoint(text):
    """Address and port of `1.2.3.4:443`, `[2001:db8::1]:443`, `2001:db8::1:443`, `*:*`."""
    host, separator, port = text.rpartition(":")
    if not separator:
        raise ValueError(f"{text} has no port")
    return address(host), None if port in ("*", "0") else int(port)
