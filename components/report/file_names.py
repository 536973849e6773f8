"""What the files of a report are called; imports nothing."""

METRICS_FILE, PAGE_FILE, CARD_FILE = "metrics.json", "report.html", "model_card.md"
"""All that was measured, the report as a page, and the model card."""
