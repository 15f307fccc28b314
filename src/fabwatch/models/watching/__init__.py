"""How a model does after it was made: what its columns hold now, how it scores as outcomes come, whether to learn again."""
