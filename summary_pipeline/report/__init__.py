"""The quality report and the comparison: queries, statistics, plots, HTML.

Belongs here: from rows in PostgreSQL to a page. Does not belong here: Dagster, and where the page is stored.
"""
