"""fabwatch: which wafers are at risk now, and where are they? Answers from the files a fab already has."""

__version__ = "0.1.0"
