"""What users would take instead: each plays a `Day` and returns a `Row` for each day played."""
