"""Tasks that train nothing. Each module is digested apart: a change to one leaves the others."""
