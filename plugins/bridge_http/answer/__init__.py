"""From the vendor to the bridge: errors by consequence, results of a send, reports, webhooks."""
