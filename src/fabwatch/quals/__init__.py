"""When will each tool fail its next qual? History from quals, restores and moves; a forecast that says its doubts."""
