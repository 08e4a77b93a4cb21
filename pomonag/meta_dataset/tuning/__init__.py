"""Which training pipeline suits a space: the search behind the paper's Tables 7 and 8."""
