"""Who may see what, and who saw what: profiles, permissions and the audit log."""
