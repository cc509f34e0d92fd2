"""The report: charts, pages and their templates, a pure function of the results."""
