"""What customers owe, what suppliers are owed, and cash: read in both systems, compared per party."""
