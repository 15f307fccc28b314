"""The routes of the groups that are made from declarations alone."""

from fabwatch.api.routes.actions import add_actions, add_decisions
from fabwatch.api.routes.questions import routes_of

answers = routes_of("answers")
results = routes_of("results")
traces = routes_of("traces")
add_actions(traces, "traces")
decisions = routes_of("decisions")
add_actions(decisions, "decisions")
add_decisions(decisions)
