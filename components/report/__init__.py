"""The report of an evaluation: one page that works offline, made from `facts.ReportFacts` alone."""
