"""One shape for everything that goes wrong: code, what, where, hint; and the status that fits."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from starlette.responses import JSONResponse

from fabwatch.api.request_id import current
from fabwatch.terms import errors
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import FabwatchError, nearest

RETRY_S = "2"
LONGEST_SHOWN = 80
STATUS: dict[type[FabwatchError], int] = {
    errors.UnknownTool: 404,
    errors.NothingFailed: 404,
    errors.TooFewFailures: 404,
    errors.NothingThen: 404,
    errors.NotOnHold: 404,
    errors.NotKept: 404,
    errors.SamplesGone: 404,
    errors.NothingRecorded: 404,
    errors.UnknownModel: 404,
    errors.UnknownCase: 404,
    errors.CannotPolish: 409,
    errors.CannotPredict: 409,
    errors.DecidedAlready: 409,
    errors.CannotState: 409,
    errors.NotWritten: 409,
    errors.BadQuestion: 422,
    errors.NoSuchPath: 422,
    errors.DiskFull: 507,
    errors.TooBusy: 503,
    FabwatchError: 503,
}


@dataclass(frozen=True)
class Fault:
    """Why a request was not answered."""

    code: str
    what: str
    where: str
    hint: str
    request_id: str = ""
    """The name of the request, which the log of the server has too."""


class Refused(Exception):
    """A request that is not answered, with its status."""

    def __init__(self, status: int, code: str, what: str, hint: str, headers: dict[str, str] | None = None):
        super().__init__(what)
        self.status, self.code, self.what, self.hint = status, code, what, hint
        self.headers = headers or {}


def of_error(fault: FabwatchError) -> Refused:
    """An error of the fab, as an answer over HTTP."""
    status = next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)
    headers = {"Retry-After": RETRY_S} if status in (503, 507) else {}
    return Refused(status, type(fault).__name__, fault.what, fault.hint, headers)


def unknown_parameter(where: str, name: str, known: Collection[str]) -> Refused:
    """The refusal of a parameter or field that is not known, with the nearest that is."""
    near = nearest(name, known) or sorted(known)
    hint = f"did you mean {', '.join(near)}?" if near else "leave it out: nothing is stated here"
    return Refused(422, "UnknownParameter", f"{where}.{name[:LONGEST_SHOWN]} is not known.", hint)


def refusal(fault: Refused, where: str) -> JSONResponse:
    """A refusal as JSON."""
    body: Json = asdict(Fault(fault.code, fault.what, where, fault.hint, current()))
    return JSONResponse(body, fault.status, fault.headers)
