"""What can be tried, and what is the truth: shipped cohorts with their graph, their truth and a data card."""
