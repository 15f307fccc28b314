"""How fabwatch gets to the machines that run it; none of it is in the package."""
