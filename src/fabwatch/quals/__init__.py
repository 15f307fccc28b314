"""When will each tool fail its next qual? History from quals, restores and moves; forecasts that state their doubts."""
