"""Models of pictures: folders become classes, a small network tells them apart and says where it looked."""

KIND = "pictures"
"""What the card of such a version says that it is."""
