"""The layouts of the paper's tables: which number stands where. `reports.paper_tables` puts them together."""
