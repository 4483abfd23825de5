"""Human-oriented analysis of a lock: reasons for runs, their cost, a picture."""
