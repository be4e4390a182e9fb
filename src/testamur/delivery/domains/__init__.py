"""Whether the DNS lets us send for a domain: SPF, DKIM, DMARC and MX."""
