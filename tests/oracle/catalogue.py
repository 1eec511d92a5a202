"""The metrics once more, in plain Python, written from the catalogue and from what `custometer metrics describe` says.

Nothing here comes from the Rust code: a metric is the columns that it reads, with what a missing or impossible cell means, and a function from the
usable rows of one bucket and group to its value, or to a value for each combination of its own dimensions.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Callable

from calendars import add_days, local, start_of

METRICS = {}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str  # id, text, number, flag or time
    missing: str = "rejected"  # or "left out", or "kept"
    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    words: tuple = ()


@dataclass
class Metric:
    id: str
    time: str
    columns: Callable  # of the parameters
    compute: Callable  # (rows, params, scope) -> value, or {own dimensions: value}
    params: dict = field(default_factory=dict)  # name -> function (random) -> value, or None for "not given"
    rules: Callable = lambda params: []  # of the parameters: functions of a row that must be true
    needs_period: bool = False  # without one, what is known ends with the data, which is not calculated here
    unique: str = ""  # a column whose values come once: all rows of one that comes again are rejected
    history: bool = False  # rows before and after the period count too: `scope.start` and `scope.end` say where the bucket is
    no_breakdown: bool = False  # what a group is told by is not calculated here
    own: tuple = ()
    # Parameters of the schema that are never given here.
    left_out: tuple = ()
    # Words, numbers and ids for the random tables.
    cells: dict = field(default_factory=dict)

    @property
    def domain(self):
        return self.id.split(".")[0]


def metric(id, time, columns, params=None, **options):
    def add(compute):
        of_params = columns if callable(columns) else lambda _: columns
        METRICS[id] = Metric(id, time, of_params, compute, params or {}, **options)
        return compute

    return add


def percent(part, whole):
    return 100 * part / whole if whole else None


def ratio(part, whole):
    return part / whole if whole else None


def mean(values):
    return math.fsum(values) / len(values) if values else None


def not_before(earlier, later):
    return lambda row: row[earlier] is None or row[later] is None or row[later] >= row[earlier]


def of(rows, column):
    return [row[column] for row in rows if row[column] is not None]


def choice(*values):
    return lambda random: random.choice(values)


def maybe(value):
    return lambda random: value(random) if random.random() < 0.5 else None


# Surveys: a weighted answer counts as much as its weight.


def survey(column, scale):
    def columns(params):
        low, high = params.get("scale") or scale
        answer = Column(column, "number", "left out", low, high, whole=True)
        weight = [Column("weight", "number", least=0)] if params.get("weighted") else []
        return [answer, *weight]

    return columns


def weighted(rows, params, of_row):
    """The weighted mean of a number of each row."""
    weights = [row["weight"] if params.get("weighted") else 1 for row in rows]
    return ratio(math.fsum(w * of_row(row) for w, row in zip(weights, rows)), math.fsum(weights))


WEIGHTED = {"weighted": choice(True, False, None)}
SURVEY = {"score": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "", "11", "4.5", "-1", "many", "NaN"]}


NET_PROMOTERS = {**WEIGHTED, "scale": choice(None, [0, 10])}


@metric("loyalty.nps", "time", survey("score", (0, 10)), NET_PROMOTERS, cells=SURVEY)
def nps(rows, params, _):
    net = weighted(rows, params, lambda row: (row["score"] >= 9) - (row["score"] <= 6))
    return None if net is None else 100 * net


@metric("loyalty.nps_distribution", "time", survey("score", (0, 10)), NET_PROMOTERS, own=("score",), cells=SURVEY)
def nps_distribution(rows, params, _):
    share = lambda score: weighted(rows, params, lambda row: row["score"] == score)
    return {(str(score),): None if share(score) is None else 100 * share(score) for score in range(11)}


def csat_params(random):
    scale = random.choice([None, [1, 5], [1, 10], [1, 7]])
    positive_from = random.choice([3, 4]) if scale == [1, 7] else random.choice([None, 3, 4])
    return {"scale": scale, "positive_from": positive_from}


@metric("support.csat", "time", survey("score", (1, 5)), {**WEIGHTED, ("scale", "positive_from"): csat_params}, cells=SURVEY)
def csat(rows, params, _):
    scale = params.get("scale") or [1, 5]
    least = params.get("positive_from") or {5: 4, 10: 8}[scale[1]]
    share = weighted(rows, params, lambda row: row["score"] >= least)
    return None if share is None else 100 * share


@metric("support.csat_score", "time", survey("score", (1, 5)), {**WEIGHTED, "scale": choice(None, [1, 5], [0, 10])}, cells=SURVEY)
def csat_score(rows, params, _):
    return weighted(rows, params, lambda row: row["score"])


EFFORT = {**WEIGHTED, "scale": choice([1, 5], [1, 7]), "direction": choice("high_is_easy", "high_is_effort")}


@metric("support.ces", "time", survey("score", (1, 7)), EFFORT, cells=SURVEY)
def ces(rows, params, _):
    return weighted(rows, params, lambda row: row["score"])


@metric("support.ces_easy_share", "time", survey("score", (1, 7)), {**EFFORT, "easy_from": choice(None, None, 2, 4)}, cells=SURVEY)
def ces_easy_share(rows, params, _):
    (low, high), easy_from = params["scale"], params.get("easy_from")
    high_is_easy = params["direction"] == "high_is_easy"

    def is_easy(row):
        if easy_from is not None:
            return row["score"] >= easy_from if high_is_easy else row["score"] <= easy_from
        middle = (low + high) / 2
        return row["score"] > middle if high_is_easy else row["score"] < middle

    share = weighted(rows, params, is_easy)
    return None if share is None else 100 * share


def rating(params):
    low, high = params.get("scale") or (1, 5)
    return [Column("rating", "number", "left out", low, high)]


RATINGS = {"rating": ["1", "2", "3", "3.5", "4", "4.0", "5", "", "0", "6", "five"]}


@metric("loyalty.review_rating", "time", rating, {"scale": choice(None, [1, 5], [1, 10])}, cells=RATINGS)
def review_rating(rows, params, _):
    return mean(of(rows, "rating"))


def positive_params(random):
    scale = random.choice([None, [1, 5], [1, 10]])
    return {"scale": scale, "positive_from": 3 if scale == [1, 10] else random.choice([None, 3, 4.5])}


@metric(
    "loyalty.positive_reviews", "time", rating, {"show": choice(None, "share", "count"), ("scale", "positive_from"): positive_params}, cells=RATINGS
)
def positive_reviews(rows, params, _):
    positive = sum(row["rating"] >= (params.get("positive_from") or 4) for row in rows)
    return positive if params.get("show") == "count" else percent(positive, len(rows))


# Orders.

AMOUNTS = {"amount": ["10", "20", "0", "19.99", "1000000.5", "-5", "-0.01", "", "ten", "NaN", "1e2"]}


def amount(params):
    return Column("amount", "number", least=-math.inf if params.get("refunds") == "net" else 0)


@metric("loyalty.average_order_value", "time", lambda params: [amount(params)], {"refunds": choice(None, "reject", "net")}, cells=AMOUNTS, left_out=("one_order_per",))
def average_order_value(rows, params, _):
    amounts = of(rows, "amount")
    return ratio(math.fsum(amounts), sum(amount >= 0 for amount in amounts))


CUSTOMER = Column("customer_id", "id")


@metric(
    "loyalty.purchase_frequency",
    "time",
    lambda params: [CUSTOMER, *([replace(amount(params), missing="kept")] if params.get("refunds") else [])],
    {"refunds": choice(None, None, "reject", "net")},
    cells=AMOUNTS,
    left_out=("per", "one_order_per"),
)
def purchase_frequency(rows, params, _):
    orders = [row for row in rows if row.get("amount") is None or row["amount"] >= 0]
    return ratio(len(orders), len({row["customer_id"] for row in orders}))


def customers_of(rows):
    counts = {}
    for row in rows:
        counts[row["customer_id"]] = counts.get(row["customer_id"], 0) + 1
    return counts


@metric("loyalty.repeat_purchase_rate", "time", [CUSTOMER], {"scope": choice(None, "period")}, left_out=("refunds", "one_order_per"))
def repeat_purchase_rate(rows, params, _):
    counts = customers_of(rows)
    return percent(sum(count >= 2 for count in counts.values()), len(counts))


# Customers.

PEOPLE = {"unique": "customer_id", "history": True, "needs_period": True}
MANY = [f"c{number}" for number in range(40)] + ["Ærø", "007", ""]


@metric(
    "loyalty.training_participation",
    "created_at",
    [CUSTOMER, Column("is_trained", "flag")],
    **PEOPLE,
    cells={"customer_id": MANY, "is_trained": ["true", "yes", "1", "false", "no", "", "perhaps"]},
)
def training_participation(rows, params, scope):
    if scope.start >= scope.as_of:
        return None
    there = [row for row in rows if row["created_at"] < scope.end]
    return percent(sum(row["is_trained"] for row in there), len(there))


@metric(
    "loyalty.acquisition_source",
    "created_at",
    [CUSTOMER, Column("source", "text", "kept")],
    {"show": choice(None, "count", "share")},
    own=("source",),
    **PEOPLE,
    cells={"customer_id": MANY, "source": ["fair", "search", "a, b", ""]},
)
def acquisition_source(rows, params, scope):
    new = [row for row in rows if scope.start <= row["created_at"] < scope.end]
    counts = {source: sum(row["source"] == source for row in new) for source in {row["source"] for row in rows}}
    return {(source,): percent(count, len(new)) if params.get("show") == "share" else count for source, count in counts.items()}


# Subscriptions.

SPANS = [CUSTOMER, Column("started_at", "time"), Column("ended_at", "time", "kept")]
SPAN = {"history": True, "needs_period": True, "rules": lambda _: [not_before("started_at", "ended_at")]}
# Spans that overlap are counted together; that they are rejected otherwise is not calculated here.
UNITED = {"overlaps": choice("unite")}


def held(rows, edge):
    """The spans that go on at the edge of a bucket. One that ends there belongs to the bucket before it, and one that is empty to none."""
    goes_on = lambda row: row["ended_at"] is None or row["ended_at"] >= edge and row["ended_at"] != row["started_at"]
    return [row for row in rows if row["started_at"] < edge and goes_on(row)]


def customers_at(rows, edge):
    return {row["customer_id"] for row in held(rows, edge)}


@metric("loyalty.churn_rate", "started_at", SPANS, UNITED, **SPAN, left_out=("basis", "inactive_after_days", "ends", "refunds", "one_order_per"))
def churn_rate(rows, params, scope):
    before, after = customers_at(rows, scope.start), customers_at(rows, scope.end)
    return percent(len(before - after), len(before))


@metric(
    "loyalty.retention_rate",
    "started_at",
    SPANS,
    {**UNITED, "definition": choice(None, "classic", "end_over_start")},
    **SPAN,
    left_out=("basis", "inactive_after_days", "ends", "refunds", "one_order_per"),
)
def retention_rate(rows, params, scope):
    before, after = customers_at(rows, scope.start), customers_at(rows, scope.end)
    return percent(len(after if params.get("definition") == "end_over_start" else before & after), len(before))


@metric(
    "loyalty.mrr",
    "started_at",
    [*SPANS, Column("amount_per_month", "number", least=0)],
    {**UNITED, "show": choice(None, "total", "per_customer", "customers")},
    **SPAN,
    cells={"amount_per_month": ["10", "20", "0", "9.99", "", "-1", "free"]},
    left_out=("ends",),
)
def mrr(rows, params, scope):
    spans = held(rows, scope.end)
    total = math.fsum(row["amount_per_month"] for row in spans)
    customers = len({row["customer_id"] for row in spans if row["amount_per_month"] > 0})
    shown = {"per_customer": ratio(total, customers), "customers": customers}
    return shown.get(params.get("show"), total)


# Points.

POINTS = [CUSTOMER, Column("kind", "text", words=("earn", "redeem", "expire")), Column("points", "number", least=0)]
MOVEMENTS = {"kind": ["earn", "earn", "redeem", "expire", "", "Earn", "gift"], "points": ["1", "10", "0", "2.5", "", "-1", "x"]}


def points(rows, kind):
    return math.fsum(row["points"] for row in rows if row["kind"] == kind)


@metric("loyalty.redemption_rate", "time", POINTS, cells=MOVEMENTS)
def redemption_rate(rows, params, _):
    return percent(points(rows, "redeem"), points(rows, "earn"))


@metric("loyalty.breakage_rate", "time", POINTS, cells=MOVEMENTS)
def breakage_rate(rows, params, _):
    return percent(points(rows, "expire"), points(rows, "earn"))


# Referrals.


@metric(
    "loyalty.referral_conversion",
    "time",
    [Column("referrer_id", "id"), Column("time", "time"), Column("converted_at", "time", "kept")],
    {"within_days": choice(None, 1, 7, 30)},
    rules=lambda _: [not_before("time", "converted_at")],
    needs_period=True,
)
def referral_conversion(rows, params, scope):
    known = lambda row: row["converted_at"] is not None and row["converted_at"] < scope.as_of
    days = params.get("within_days")
    if days is None:
        return percent(sum(known(row) for row in rows), len(rows))
    due = lambda row: add_days(row["time"], days, scope.zone)
    # What happens at the as-of instant is not known yet, and that is still within the days.
    old = [row for row in rows if due(row) < scope.as_of]
    return percent(sum(row["converted_at"] is not None and row["converted_at"] <= due(row) and known(row) for row in old), len(old))


# Tickets.

CREATED, SOLVED = Column("created_at", "time"), Column("solved_at", "time", "kept")


def statistic(values, params):
    name = params.get("statistic") or "mean"
    if name == "mean":
        return mean(values)
    if name == "share_within":
        return percent(sum(value <= params["within_seconds"] for value in values), len(values))
    part = {"median": 0.5, "p90": 0.9, "p95": 0.95}[name]
    # Between the two values around this part of all, as spreadsheets take it.
    ordered = sorted(values)
    if not ordered:
        return None
    at = part * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def statistic_params(random):
    name = random.choice([None, "mean", "median", "p90", "p95", "share_within"])
    return {"statistic": name, "within_seconds": random.choice([0, 60, 3600, 90_000]) if name == "share_within" else None}


STATISTIC = {("statistic", "within_seconds"): statistic_params}


def seconds(rows, start, end):
    return [(row[end] - row[start]) / 1e6 for row in rows if row[end] is not None]


@metric("support.ticket_volume", "created_at", [Column("ticket_id", "id")], {"show": choice(None, "count", "share")})
def ticket_volume(rows, params, scope):
    return percent(len(rows), len(scope.bucket_rows)) if params.get("show") == "share" else len(rows)


def replied_params(random):
    params = statistic_params(random)
    return {**params, "denominator": random.choice([None, "responded", "resolved"]) if params["statistic"] in (None, "mean") else None}


@metric(
    "support.first_response_time",
    "created_at",
    lambda params: [CREATED, Column("first_replied_at", "time", "kept"), *([SOLVED] if params.get("denominator") == "resolved" else [])],
    {("statistic", "within_seconds", "denominator"): replied_params},
    rules=lambda params: [not_before("created_at", "first_replied_at")]
    + ([not_before("created_at", "solved_at")] if params.get("denominator") == "resolved" else []),
    left_out=("basis", "clock", "visibility", "approximate"),
)
def first_response_time(rows, params, _):
    waits = seconds(rows, "created_at", "first_replied_at")
    if params.get("denominator") == "resolved":
        return ratio(math.fsum(waits), len(of(rows, "solved_at")))
    return statistic(waits, params)


@metric(
    "support.resolution_time",
    "created_at",
    lambda params: [CREATED, Column("first_solved_at" if params.get("which") == "first" else "solved_at", "time", "kept")],
    {**STATISTIC, "which": choice(None, "full", "first")},
    rules=lambda params: [not_before("created_at", "first_solved_at" if params.get("which") == "first" else "solved_at")],
    left_out=("basis", "solved_statuses", "reopened", "clock", "approximate"),
)
def resolution_time(rows, params, _):
    return statistic(seconds(rows, "created_at", "first_solved_at" if params.get("which") == "first" else "solved_at"), params)


@metric(
    "support.complaint_resolution_time",
    "created_at",
    [CREATED, SOLVED, Column("kind", "text", "kept")],
    {**STATISTIC, "complaint_kinds": choice(None, ["complaint"], ["complaint", "a, b"])},
    rules=lambda _: [not_before("created_at", "solved_at")],
    cells={"kind": ["complaint", "complaint", "question", "a, b", "", "Complaint"]},
    left_out=("from", "clock", "approximate"),
)
def complaint_resolution_time(rows, params, _):
    kinds = params.get("complaint_kinds") or ["complaint"]
    return statistic(seconds([row for row in rows if row["kind"] in kinds], "created_at", "solved_at"), params)


@metric(
    "support.resolution_rate",
    "created_at",
    [CREATED, SOLVED],
    {"within_hours": choice(None, 1, 24, 100)},
    rules=lambda _: [not_before("created_at", "solved_at")],
    left_out=("clock",),
    needs_period=True,
)
def resolution_rate(rows, params, scope):
    return answered_within(rows, "created_at", "solved_at", params, scope)


@metric(
    "support.feedback_response_rate",
    "received_at",
    [Column("received_at", "time"), Column("responded_at", "time", "kept")],
    {"within_hours": choice(None, 1, 24, 100)},
    rules=lambda _: [not_before("received_at", "responded_at")],
    left_out=("clock",),
    needs_period=True,
)
def feedback_response_rate(rows, params, scope):
    return answered_within(rows, "received_at", "responded_at", params, scope)


def answered_within(rows, start, end, params, scope):
    is_known = lambda row: row[end] is not None and row[end] < scope.as_of
    if params.get("within_hours") is None:
        old = [row for row in rows if row[start] < scope.as_of]
        return percent(sum(is_known(row) for row in old), len(old))
    within = params["within_hours"] * 3_600_000_000
    old = [row for row in rows if row[start] + within < scope.as_of]
    return percent(sum(row[end] is not None and row[end] - row[start] <= within and is_known(row) for row in old), len(old))


COUNT = {"least": 0, "most": 1_000_000, "whole": True}
COUNTS = ["0", "0", "1", "2", "5", "", "-1", "1.5", "x"]


@metric(
    "support.first_contact_resolution",
    "created_at",
    [CREATED, Column("agent_replies", "number", **COUNT), SOLVED, Column("reopens", "number", **COUNT)],
    rules=lambda _: [not_before("created_at", "solved_at")],
    cells={"agent_replies": COUNTS, "reopens": COUNTS},
    left_out=("window_days",),
)
def first_contact_resolution(rows, params, _):
    solved = [row for row in rows if row["solved_at"] is not None]
    return percent(sum(row["agent_replies"] <= 1 and row["reopens"] == 0 for row in solved), len(solved))


@metric(
    "support.reopen_rate",
    "created_at",
    [CREATED, SOLVED, Column("reopens", "number", **COUNT)],
    rules=lambda _: [not_before("created_at", "solved_at")],
    cells={"reopens": COUNTS},
    left_out=("basis", "solved_statuses"),
)
def reopen_rate(rows, params, _):
    reopened = sum(row["reopens"] > 0 for row in rows)
    solved = sum(row["solved_at"] is not None or row["reopens"] > 0 for row in rows)
    return percent(reopened, solved)


# Calls.

ANSWERED = Column("is_answered", "flag")
CALLS = {
    "wait_seconds": ["0", "5", "20", "20.5", "21", "300", "", "-1", "long"],
    "is_answered": ["true", "yes", "1", "false", "no", "", "perhaps"],
    "is_short_abandon": ["true", "no", "no", ""],
}
ANSWERED_WAIT = lambda row: not row["is_answered"] or row["wait_seconds"] is not None


@metric(
    "support.abandonment_rate",
    "queued_at",
    lambda params: [ANSWERED, *([Column("is_short_abandon", "flag", "kept")] if params.get("short_abandons") == "exclude" else [])],
    {"short_abandons": choice(None, "include", "exclude")},
    rules=lambda params: [lambda row: row["is_short_abandon"] is not True if row["is_answered"] else row["is_short_abandon"] is not None]
    if params.get("short_abandons") == "exclude"
    else [],
    cells=CALLS,
    left_out=("basis",),
)
def abandonment_rate(rows, params, _):
    offered = [row for row in rows if not row.get("is_short_abandon")]
    return percent(sum(not row["is_answered"] for row in offered), len(offered))


WAIT = Column("wait_seconds", "number", "kept", least=0)


@metric(
    "support.wait_time",
    "queued_at",
    [ANSWERED, WAIT],
    STATISTIC,
    rules=lambda _: [ANSWERED_WAIT],
    cells=CALLS,
    left_out=("basis", "approximate"),
)
def wait_time(rows, params, _):
    return statistic([row["wait_seconds"] for row in rows if row["is_answered"]], params)


def service_rules(params):
    formula = params.get("formula")
    needed = {"offered_less_short": "is_short_abandon", "answered_plus_late_abandons": "wait_seconds"}.get(formula)
    return [ANSWERED_WAIT, *([lambda row: row["is_answered"] or row[needed] is not None] if needed else [])] + (
        [lambda row: not (row["is_answered"] and row["is_short_abandon"])] if needed == "is_short_abandon" else []
    )


@metric(
    "support.service_level",
    "queued_at",
    lambda params: [ANSWERED, WAIT, *([Column("is_short_abandon", "flag", "kept")] if params.get("formula") == "offered_less_short" else [])],
    {
        "target_seconds": choice(None, 20, 5, 20.5),
        "formula": choice(None, "offered", "handled", "offered_less_short", "answered_plus_late_abandons"),
    },
    rules=service_rules,
    cells=CALLS,
    left_out=("basis",),
)
def service_level(rows, params, _):
    target, formula = params.get("target_seconds") or 20, params.get("formula") or "offered"
    answered = [row for row in rows if row["is_answered"]]
    abandoned = [row for row in rows if not row["is_answered"]]
    whole = {
        "offered": lambda: len(rows),
        "handled": lambda: len(answered),
        "offered_less_short": lambda: len(answered) + sum(not row["is_short_abandon"] for row in abandoned),
        "answered_plus_late_abandons": lambda: len(answered) + sum(row["wait_seconds"] > target for row in abandoned),
    }[formula]()
    return percent(sum(row["wait_seconds"] <= target for row in answered), whole)


# Mentions.

MENTIONS = {
    "sentiment": ["positive", "neutral", "negative", "good", "", "Positive"],
    "brand": ["we", "us, too", "they", "others", "", "We"],
    "category": ["technical", "price;technical", " price ; ;price", "suggestion", "", ";", "Æ;technical"],
}


def mention_params(random):
    return {"show": random.choice([None, "count", "share"]), "per": random.choice([None, "none", "hour_of_day", "weekday"])}


@metric(
    "support.mention_volume",
    "time",
    lambda params: [Column("time", "time")] if params.get("per") not in (None, "none") else [],
    {("show", "per"): mention_params},
    own=("hour_of_day", "weekday"),
)
def mention_volume(rows, params, scope):
    share, per = params.get("show") == "share", params.get("per")
    if per in (None, "none"):
        return percent(len(rows), len(scope.bucket_rows)) if share else len(rows)
    times = [local(row["time"], scope.zone) for row in rows]
    if per == "hour_of_day":
        counts = {(str(hour),): sum(time.hour == hour for time in times) for hour in range(24)}
    else:
        days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        counts = {(day,): sum(time.weekday() == number for time in times) for number, day in enumerate(days)}
    return {key: percent(count, len(rows)) if share else count for key, count in counts.items()}


def sentiment_words(params):
    return [params.get(name) or [name] for name in ("positive", "neutral", "negative")]


@metric(
    "support.sentiment",
    "time",
    [Column("sentiment", "text", "kept")],
    {"show": choice(None, "shares", "net"), "positive": choice(None, ["positive", "good"])},
    rules=lambda params: [lambda row: row["sentiment"] is None or any(row["sentiment"] in words for words in sentiment_words(params))],
    own=("sentiment",),
    cells=MENTIONS,
    left_out=("neutral", "negative"),
)
def sentiment(rows, params, _):
    rated = of(rows, "sentiment")
    counts = [sum(word in words for word in rated) for words in sentiment_words(params)]
    if params.get("show") == "net":
        return percent(counts[0] - counts[2], len(rated))
    return {(name,): percent(count, len(rated)) for name, count in zip(("positive", "neutral", "negative"), counts)}


@metric(
    "support.share_of_voice",
    "time",
    [Column("brand", "text", "kept")],
    {"own": choice(["we"], ["we", "us, too"]), "competitors": choice(["they"], ["they", "others"])},
    cells=MENTIONS,
)
def share_of_voice(rows, params, _):
    own = sum(row["brand"] in params["own"] for row in rows)
    return percent(own, own + sum(row["brand"] in params["competitors"] for row in rows))


@metric(
    "support.mention_topics",
    "time",
    [Column("category", "text", "kept")],
    {"separator": choice(None, ";"), "topics": choice(None, ["technical", "Æ"])},
    own=("topic",),
    cells=MENTIONS,
)
def mention_topics(rows, params, _):
    def topics(row):
        text = row["category"]
        if text is None:
            return set()
        parts = text.split(params["separator"]) if params.get("separator") else [text]
        return {part.strip() for part in parts if part.strip()}

    about = [topics(row) for row in rows]
    known = sum(bool(found) for found in about)
    names = set(params.get("topics") or []).union(*about)
    return {(name,): percent(sum(name in found for found in about), known) for name in names} or {(None,): None}


# Web events.

USER = Column("user_id", "id")
EVENTS = {"event": ["page_view", "page_view", "purchase", "sign up", "", "Purchase"], "value": ["5", "0", "", "-2.5", "lots"]}


@metric("web.visitors", "time", [USER])
def visitors(rows, params, _):
    return len({row["user_id"] for row in rows})


@metric(
    "web.page_views",
    "time",
    lambda params: [Column("event", "text", "kept")] if params["view_events"] else [],
    {"view_events": choice([], ["page_view"], ["page_view", "sign up"])},
    cells=EVENTS,
    left_out=("refresh_seconds",),
)
def page_views(rows, params, _):
    return sum(row["event"] in params["view_events"] for row in rows) if params["view_events"] else len(rows)


@metric(
    "web.conversions",
    "time",
    lambda params: [Column("event", "text", "kept"), *([Column("value", "number", "kept")] if params.get("statistic") == "value" else [])],
    {"events": choice(["purchase"], ["purchase", "sign up"]), "statistic": choice(None, "count", "value")},
    cells=EVENTS,
)
def conversions(rows, params, _):
    converting = [row for row in rows if row["event"] in params["events"]]
    if params.get("statistic") != "value":
        return len(converting)
    values = of(converting, "value")
    return None if converting and not values else math.fsum(values)


@metric(
    "web.conversion_rate",
    "time",
    [USER, Column("event", "text", "kept")],
    {"events": choice(["purchase"], ["purchase", "sign up"]), "base": choice(None, "visitors")},
    cells=EVENTS,
    left_out=("sessions",),
)
def conversion_rate(rows, params, _):
    converted = {row["user_id"] for row in rows if row["event"] in params["events"]}
    return percent(len(converted), len({row["user_id"] for row in rows}))


def active_params(random):
    return {"window_days": random.choice([1, 2, 7, 28]), "users": random.choice([None, "all", "new", "returning", "new_and_returning"])}


@metric(
    "web.active_users",
    "time",
    [USER, Column("time", "time")],
    {("window_days", "users"): active_params},
    own=("users",),
    history=True,
    needs_period=True,
)
def active_users(rows, params, scope):
    start = add_days(scope.end, -params["window_days"], scope.zone)
    first = {}
    for row in sorted(rows, key=lambda row: row["time"]):
        first.setdefault(row["user_id"], row["time"])
    active = {row["user_id"] for row in rows if start <= row["time"] < scope.end}
    new = sum(first[user] >= start for user in active)
    counts = {"all": len(active), "new": new, "returning": len(active) - new}
    if params.get("users") == "new_and_returning":
        return {("new",): new, ("returning",): len(active) - new}
    return counts[params.get("users") or "all"]


@metric(
    "web.active_share",
    "time",
    [USER, Column("time", "time")],
    {"window_days": choice(1, 7, 28), "user_base": choice(None, None, 5, 100)},
    history=True,
    needs_period=True,
)
def active_share(rows, params, scope):
    start = add_days(scope.end, -params["window_days"], scope.zone)
    active = {row["user_id"] for row in rows if start <= row["time"] < scope.end}
    base = params.get("user_base") or len({row["user_id"] for row in rows if row["time"] < scope.end})
    return None if len(active) > base else percent(len(active), base)


@metric("web.stickiness", "time", [USER, Column("time", "time")], needs_period=True, left_out=("window_days",))
def stickiness(rows, params, scope):
    # Nothing is known from the as-of date on, neither of the days nor of who came.
    known = [row for row in rows if row["time"] < scope.as_of]
    days, end = 0, min(scope.end, scope.as_of)
    start = scope.start
    while start < end:
        days, start = days + 1, add_days(start, 1, scope.zone)
    visits = {(row["user_id"], local(row["time"], scope.zone).date()) for row in known}
    users = {row["user_id"] for row in known}
    return percent(len(visits) / days, len(users)) if days else None


@metric("web.user_churn", "time", [USER, Column("time", "time")], history=True, needs_period=True)
def user_churn(rows, params, scope):
    if scope.end > scope.as_of:
        return None
    users = lambda start, end: {row["user_id"] for row in rows if start <= row["time"] < end}
    before = users(scope.before, scope.start)
    return percent(len(before - users(scope.start, scope.end)), len(before))


def retention_params(random):
    kind = random.choice([None, "classic", "unbounded", "bracket"])
    ages = random.choice([[1, 3], [0, 2, 7], [1, 2, 3, 9]] + [None] * (kind != "bracket"))
    return {"kind": kind, "age": random.choice([None, "day", "week"]), "ages": ages}


@metric(
    "web.user_retention",
    "time",
    [USER, Column("time", "time")],
    {("kind", "age", "ages"): retention_params},
    own=("age",),
    history=True,
    needs_period=True,
)
def user_retention(rows, params, scope):
    weeks, kind = params.get("age") == "week", params.get("kind") or "classic"
    ages = params.get("ages") or ([1, 2, 3, 4] if weeks else [1, 7, 14, 28])
    unit = 7 if weeks else 1
    first, days = {}, {}
    for row in sorted(rows, key=lambda row: row["time"]):
        first.setdefault(row["user_id"], row["time"])
        if row["time"] < scope.as_of:
            days.setdefault(row["user_id"], set()).add(local(row["time"], scope.zone).date())
    cohort = [user for user, time in first.items() if scope.start <= time < scope.end and time < scope.as_of]
    values = {}
    for number, age in enumerate(ages[:-1] if kind == "bracket" else ages):
        least, most = age * unit, (ages[number + 1] if kind == "bracket" else age + 1) * unit
        old = retained = 0
        for user in cohort:
            day = local(first[user], scope.zone).date()
            if start_of(day + timedelta(days=most), scope.zone) <= scope.as_of:
                old += 1
                retained += any(least <= (other - day).days < (math.inf if kind == "unbounded" else most) for other in days[user])
        last = ages[number + 1] - 1 if kind == "bracket" else age
        values[(f"{age} to {last}" if last > age else str(age),)] = percent(retained, old)
    return values


SESSIONS = {"sessions": choice(None, {"timeout_minutes": 30}, {"timeout_minutes": 60})}
VISIT = {"history": True, "needs_period": True, "no_breakdown": True}


def sessions_of(rows, params, scope):
    """The sessions that begin in the bucket, each the instants of its events."""
    pause = (params.get("sessions") or {}).get("timeout_minutes", 30) * 60_000_000
    sessions, last = [], {}
    for row in sorted(rows, key=lambda row: row["time"]):
        session = last.get(row["user_id"])
        if session and row["time"] - session[-1] <= pause:
            session.append(row["time"])
        else:
            last[row["user_id"]] = [row["time"]]
            sessions.append(last[row["user_id"]])
    return [session for session in sessions if scope.start <= session[0] < scope.end]


@metric("web.sessions", "time", [USER, Column("time", "time")], SESSIONS, **VISIT)
def sessions(rows, params, scope):
    return len(sessions_of(rows, params, scope))


@metric(
    "web.session_duration",
    "time",
    [USER, Column("time", "time")],
    {**SESSIONS, "statistic": choice(None, "mean", "median", "p90"), "exclude_single": choice(None, True, False)},
    **VISIT,
)
def session_duration(rows, params, scope):
    sessions = sessions_of(rows, params, scope)
    kept = [session for session in sessions if len(session) > 1 or not params.get("exclude_single")]
    return statistic([(session[-1] - session[0]) / 1e6 for session in kept], params)


# Search.

BIG = {"least": 0, "most": 1_000_000_000_000, "whole": True}
CLICKS, IMPRESSIONS = Column("clicks", "number", **BIG), Column("impressions", "number", **BIG)
SEARCH = {
    "clicks": ["0", "0", "1", "2", "7", "", "-1", "0.5"],
    "impressions": ["0", "3", "10", "7", "1000", "", "x"],
    "position": ["1", "2.5", "11", "100", "", "0"],
}
NO_MORE_CLICKS = lambda row: row["clicks"] <= row["impressions"]


@metric("web.organic_clicks", "date", [CLICKS, IMPRESSIONS], rules=lambda _: [NO_MORE_CLICKS], cells=SEARCH)
def organic_clicks(rows, params, _):
    return math.fsum(of(rows, "clicks"))


@metric("web.impressions", "date", [CLICKS, IMPRESSIONS], rules=lambda _: [NO_MORE_CLICKS], cells=SEARCH)
def impressions(rows, params, _):
    return math.fsum(of(rows, "impressions"))


@metric("web.click_through_rate", "date", [CLICKS, IMPRESSIONS], rules=lambda _: [NO_MORE_CLICKS], cells=SEARCH)
def click_through_rate(rows, params, _):
    return percent(math.fsum(of(rows, "clicks")), math.fsum(of(rows, "impressions")))


@metric(
    "web.average_position",
    "date",
    [IMPRESSIONS, Column("position", "number", "kept", least=0)],
    rules=lambda _: [lambda row: row["impressions"] == 0 or row["position"] is not None and row["position"] >= 1],
    cells=SEARCH,
)
def average_position(rows, params, _):
    shown = [row for row in rows if row["impressions"] > 0]
    return ratio(math.fsum(row["position"] * row["impressions"] for row in shown), math.fsum(row["impressions"] for row in shown))
