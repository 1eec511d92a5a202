"""Random cases: a small table, a metric with legal parameters, a breakdown, a grain; and what must come of it."""

import csv
import io
import json
import math
from calendar import monthrange
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from calendars import buckets, parsed, start_of
from catalogue import METRICS, Column

ZONES = ["UTC", "Europe/Copenhagen", "America/New_York", "America/Santiago", "Asia/Kolkata"]
# Each around a change of clocks of some zone above, or the turn of a year.
PERIODS = [
    (date(2025, 3, 1), date(2025, 5, 1)),
    (date(2025, 10, 20), date(2025, 11, 10)),
    (date(2024, 12, 15), date(2025, 1, 15)),
    (date(2025, 3, 30), date(2025, 4, 1)),
    (date(2025, 9, 1), date(2025, 10, 1)),
]
GRAINS = ["total", "day", "week", "month", "quarter", "year"]
IDS = ["c1", "c2", "c3", "c4", "Ærø", 'a "b", c', "=1+1", "007", ""]
GROUPS = ["north", "south", "", "Øst; vest", '"x",y', "<b>"]
FLAGS = ["true", "false", "yes", "no", "1", "0", "", "perhaps"]
DAMAGED = ["", "soon", "2025-02-30", "31/12/2025"]


@dataclass(frozen=True)
class Report:
    """What the cases of one run share."""

    zone: str
    start: date
    end: date
    as_of: date
    is_timed: bool


@dataclass(frozen=True)
class Case:
    metric: str
    report: Report
    grain: str
    by: tuple
    params: tuple  # of names and values
    header: tuple
    rows: tuple

    @property
    def given(self):
        return dict(self.params)


@dataclass
class Scope:
    zone: str
    as_of: int
    bucket_rows: list = field(default_factory=list)
    start: int = None
    end: int = None
    before: int = None  # where the bucket before begins


def random_report(random):
    start, end = random.choice(PERIODS)
    as_of = end - timedelta(days=random.choice([0, 0, 0, 1, 3]))
    return Report(random.choice(ZONES), start, end, max(as_of, start), random.random() < 0.9)


def random_time(random, report):
    """A cell: within the period, at its edges, at midnights and clock changes, out of it, or no time."""
    if random.random() < 0.06:
        return random.choice(DAMAGED)
    days = (report.end - report.start).days
    day = report.start + timedelta(days=random.randrange(-3, days + 3))
    kind = random.random()
    if kind < 0.2:
        return day.isoformat()
    clock = random.choice(["00:00:00", "23:59:59", "01:30:00", "02:00:00", "02:30:00", "03:00:00", "12:00:00", "09:15:30"])
    if kind < 0.75:
        return f"{day}{random.choice('T ')}{clock}"
    return f"{day}T{clock}{random.choice(['Z', '+02:00', '-05:00'])}"


def random_case(random, report, metric=None):
    if not metric or METRICS[metric].needs_period and not report.is_timed:
        metric = random.choice(sorted(id for id, metric in METRICS.items() if report.is_timed or not metric.needs_period))
    metric = METRICS[metric]
    params = {}
    for names, value in metric.params.items():
        drawn = value(random)
        params.update(drawn if isinstance(names, tuple) else {names: drawn})
    params = {name: value for name, value in params.items() if value is not None}
    columns = metric.columns(params)
    names = [column.name for column in columns]
    header = names + [name for name in (metric.time, "region", "plan") if name not in names]
    kinds = {column.name: column for column in columns}

    def cell(name, before):
        if name == "region" or name == "plan":
            return random.choice(GROUPS[: 3 if name == "plan" else 6])
        column = kinds.get(name) or Column(name, "time")
        if column.kind == "time":
            # Later columns are mostly later: a ticket is solved after it is made.
            if before and column.missing == "kept" and random.random() < 0.85:
                if random.random() < 0.3:
                    return ""
                instant = parsed(before, report.zone)
                if instant is not None:
                    later = random.choice([0, 1, 60, 3600, 3601, 86_400, 90_000, 7 * 86_400, 400_000]) * 1_000_000
                    return (datetime(1970, 1, 1) + timedelta(microseconds=instant + later)).isoformat() + "Z"
            return random_time(random, report)
        if name in metric.cells:
            return random.choice(metric.cells[name])
        if column.kind == "flag":
            return random.choice(FLAGS)
        if name == "weight":
            return random.choice(["1", "1", "2", "0.5", "0", "", "-1"])
        return random.choice(IDS)

    rows = []
    for _ in range(random.choice([0, 1, 2, 5, 12, 30])):
        row = {}
        first = metric.time if metric.time in header else None
        for name in sorted(header, key=lambda name: name != first):
            row[name] = cell(name, row.get(first))
        rows.append(tuple(row[name] for name in header))
    if rows and random.random() < 0.4:
        rows += random.choices(rows, k=len(rows) // 2)
    by = random.choice([(), (), ("region",), ("plan",), ("region", "plan")])
    by = () if metric.no_breakdown else by
    grain = random.choice(GRAINS) if report.is_timed else "total"
    case = Case(metric.id, report, grain, by, tuple(sorted(params.items(), key=str)), tuple(header), tuple(rows))
    return random_case(random, report, metric.id) if is_refused(case) else case


def is_refused(case):
    """Whether a column holds nothing but what it can't be: then the file is another one, and the report is refused."""
    metric = METRICS[case.metric]
    columns = list(metric.columns(case.given)) + [Column(metric.time, "time")]
    # While a case is made small, columns that nothing reads are left out.
    for column in (column for column in columns if column.name in case.header):
        at = case.header.index(column.name)
        there = [row[at] for row in case.rows if row[at].strip()]
        readable = [text for text in there if read(replace(column, least=-math.inf, most=math.inf, whole=False, words=()), text, case.report.zone)[1]]
        if there and not readable:
            return True
    return False


# What must come of it.


def read(column, text, zone):
    """The value of a cell, None where it is missing; and whether it is readable and possible."""
    if not text.strip():
        return None, True
    if column.kind == "number":
        try:
            number = float(text)
        except ValueError:
            return None, False
        fits = math.isfinite(number) and column.least <= number <= column.most and not (column.whole and number != int(number))
        return number, fits
    if column.kind == "flag":
        flags = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        return flags.get(text), text in flags
    if column.kind == "time":
        instant = parsed(text, zone)
        return instant, instant is not None
    return text, not column.words or text in column.words


def fates(case):
    """Each row as values, with what becomes of it where all times count, and whether it is outside the period."""
    metric, report = METRICS[case.metric], case.report
    params = case.given
    columns = list(metric.columns(params))
    if report.is_timed and metric.time not in [column.name for column in columns]:
        columns.append(Column(metric.time, "time"))
    period = (start_of(report.start, report.zone), start_of(report.end, report.zone))
    as_of = start_of(report.as_of, report.zone) if report.is_timed else math.inf
    judged = []
    for cells in case.rows:
        texts = dict(zip(case.header, cells))
        row = {name: texts[name] if texts[name].strip() else None for name in ("region", "plan")}
        fate = "used"
        for column in columns:
            value, fits = read(column, texts[column.name], report.zone)
            row[column.name] = value
            is_missing = not texts[column.name].strip()
            if not fits or (is_missing and column.missing == "rejected"):
                fate = "rejected" if fate == "used" else fate
            if is_missing and column.missing == "left out":
                fate = "left out"
        if fate == "used" and not all(rule(row) for rule in metric.rules(params)):
            fate = "rejected"
        time = row.get(metric.time)
        is_unknown = time is not None and time >= as_of
        is_outside = report.is_timed and time is not None and not period[0] <= time < period[1]
        # What happens on the as-of date or later has not happened yet.
        for column in columns:
            if column.kind == "time" and column.missing == "kept" and row[column.name] is not None and row[column.name] >= as_of:
                row[column.name] = None
        judged.append((row, "outside" if is_unknown else fate, is_outside))
    times = Counter(row[metric.unique] for row, _, _ in judged) if metric.unique else {}
    return [(row, "rejected" if fate == "used" and times and times[row[metric.unique]] > 1 else fate, is_outside) for row, fate, is_outside in judged]


def earlier(report, grain):
    """The day on which a bucket begins that ends where the period begins."""
    start = report.start
    if grain in ("day", "week", "total"):
        return start - {"day": timedelta(1), "week": timedelta(7), "total": report.end - start}[grain]
    year, month = divmod(start.year * 12 + start.month - 1 - {"month": 1, "quarter": 3, "year": 12}[grain], 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def expected(case):
    """The values by bucket, group and own dimensions; and how many rows met each fate, of which there are two counts."""
    metric, report = METRICS[case.metric], case.report
    judged = fates(case)
    # A metric that also looks at what was before the period uses rows outside of it, or rejects them.
    counts = [Counter("outside" if is_outside else fate for _, fate, is_outside in judged), Counter(fate for _, fate, _ in judged)]
    rows = [row for row, fate, is_outside in judged if fate == "used" and (metric.history or not is_outside)]
    scope = Scope(report.zone, start_of(report.as_of, report.zone) if report.is_timed else math.inf)
    groups = sorted({tuple(row[name] for name in case.by) for row in rows}, key=str) if case.by else [()]
    values = {}
    spans = buckets(report.start, report.end, case.grain, report.zone) if report.is_timed else [None]
    for span in spans:
        within = [row for row in rows if span is None or metric.history or span[0] <= row[metric.time] < span[1]]
        if span:
            # Before the first bucket there is one as long as the grain, or as the period.
            before = scope.start if span != spans[0] else start_of(earlier(report, case.grain), report.zone)
            scope.before, (scope.start, scope.end) = before, span
        scope.bucket_rows = within
        for group in groups:
            of_group = [row for row in within if tuple(row[name] for name in case.by) == group]
            value = metric.compute(of_group, case.given, scope)
            for own, number in (value if isinstance(value, dict) else {(): value}).items():
                values[(span, group, own)] = number
    return values, counts


# As files.


def toml(value):
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, dict) else "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"


def config(report, requests, settings=""):
    """A report of (name, table's lines, case)."""
    lines = ["[report]", f'timezone = "{report.zone}"', "max_rejected_percent = 100", settings]
    if report.is_timed:
        lines += [f"from = {report.start}", f"until = {report.end}", f"as_of = {report.as_of}"]
    for name, table, case in requests:
        lines += [f"[tables.{name}]", table, "[[metrics]]", f'name = "{name}"', f'metric = "{case.metric}"', f'table = "{name}"']
        lines += [f"by = [{toml(list(case.by))}]"] + ([f'grain = "{case.grain}"'] if report.is_timed else [])
        lines += ["[metrics.params]", *(f"{key} = {toml(value)}" for key, value in case.params)]
    return "\n".join(lines) + "\n"


def as_csv(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
