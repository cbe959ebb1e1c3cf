"""Effects of cohorts with missing values: through every imputation, pooled by Rubin's rules."""
