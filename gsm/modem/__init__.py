"""GSM modems: line protocol, PDUs, driver, discovery, health."""
