"""The balance: every row of a file is stored, set aside, waiting or there already, or nothing of the file is stored."""

from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import Problem, Unbalanced


def balanced(read: int, *, stored: int, kept: int, aside: int, duplicates: int = 0, waiting: int = 0, lost: int = 0) -> None:
    """Compare the rows that were read with what became of them. Raises CannotRead, which undoes the transaction.

    `stored` is what the load says, `kept` what the lake holds of it, `lost` how many duplicates are not there after all.
    """
    if read != stored + aside + duplicates + waiting or stored != kept or lost:
        why = (
            f"{read:,} rows were read, but {stored:,} stored ({kept:,} are in the lake), {aside:,} set aside, "
            f"{waiting:,} waiting and {duplicates:,} there already ({lost:,} of them are not)"
        )
        raise CannotRead(Problem(Unbalanced, why))
