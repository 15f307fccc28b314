"""How long do we polish? Polish times, the rate they go by, and how both would have done."""
