"""Which vendor account a channel calls, as a digest that can be kept with each call."""

from hashlib import blake2b

from bridge.plugin import ConfigurationFault, Vendor


def identity_of(vendor: Vendor) -> str:
    """Return 32 hexadecimal characters that differ between vendor accounts; see `Vendor.identity`.

    Raises ConfigurationFault when the plugin cannot tell its account apart.
    """
    try:
        texts = [vendor.name, *map(str, vendor.identity())]
    except Exception as error:
        raise ConfigurationFault(f"The vendor {vendor.name} cannot tell its account apart.") from error
    return blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=16).hexdigest()
