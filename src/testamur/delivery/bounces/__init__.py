"""What comes back of mails: bounces (RFC 3464), complaints (RFC 5965), wishes."""
