"""The report of a run or an evaluation: what it tells (`facts.ReportFacts`), and one page that works offline.

`gathering` reads the facts of a run from the folders that its steps put out, `page` and `model_card` lay them out,
and `component` does all of that as a step of the DAG. Looking a run up in ML Metadata is the business of
`pipeline.report`.
"""
