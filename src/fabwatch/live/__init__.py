"""Messages that arrive by themselves: kept on disk before they are acknowledged, then loaded like files, each once."""
