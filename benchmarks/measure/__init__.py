"""How things are timed, compared and recorded."""
