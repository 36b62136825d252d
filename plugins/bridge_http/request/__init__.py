"""From the bridge's values to the vendor: names, requests built byte for byte, calls, batches and polls."""
