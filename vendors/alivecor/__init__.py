"""AliveCor Kardia (KardiaPro API): see README.md."""
