"""Values of a report's own periods, and of the times that they are compared with, by brute force: for each, every row is gone through again, in
DuckDB.

    python3 figures.py > figures.csv        # with duckdb 1.2 or later, from this folder
"""

from datetime import date, timedelta

import duckdb

DATA = "../../../../datasets"

db = duckdb.connect()
db.execute("SET TimeZone = 'Europe/Copenhagen'")
db.execute(f"CREATE TABLE orders AS SELECT * FROM read_csv('{DATA}/orders.csv', all_varchar = true)")
# A few rows of the samples are damaged, on purpose.
db.execute("""
    DELETE FROM orders WHERE TRY_CAST(time AS TIMESTAMPTZ) IS NULL
        OR coalesce(TRY_CAST(amount AS DOUBLE), -1) < 0 OR customer_id IS NULL
""")
VALUES = {
    "count": "count(*)",
    "sum": "sum(amount::DOUBLE)",
    "distinct": "count(DISTINCT customer_id)",
    "quantile": "quantile_cont(amount::DOUBLE, 0.5)",
    "repeat": "100.0 * count(*) FILTER (WHERE n >= 2) / count(*) FROM (SELECT count(*) AS n",
}


def show(request, start, end, baseline, days):
    """The values of days, whatever they are compared with."""
    for name, value in VALUES.items():
        if days is None:
            number = None
        else:
            low, high = days
            tail = " GROUP BY customer_id)" if name == "repeat" else ""
            number = db.execute(f"""
                SELECT {value} FROM orders
                WHERE time::TIMESTAMPTZ >= timezone('Europe/Copenhagen', TIMESTAMP '{low}')
                  AND time::TIMESTAMPTZ < timezone('Europe/Copenhagen', TIMESTAMP '{high}'){tail}
            """).fetchone()[0]
        print(f"{request}_{name},{start},{end},{baseline},{'' if number is None else repr(float(number))}")


def days_of(first, last):
    return [first + timedelta(n) for n in range((last - first).days)]


print("request,start,end,baseline,value")

# A 4-4-5 calendar: the year starts on 30 December 2024. The report begins with the second period.
fiscal, at = [], date(2024, 12, 30)
for weeks in [4, 4, 5] * 4:
    fiscal.append((at, at + timedelta(weeks=weeks)))
    at += timedelta(weeks=weeks)
for before, own in zip(fiscal, fiscal[1:]):
    show("fiscal", *own, "", own)
    show("fiscal", *own, "previous", before)

# Campaigns, with days between them and a clock change in two; each is compared with the one before it and with the one that it names.
campaigns = [(date(2025, 2, 10), date(2025, 2, 20)), (date(2025, 3, 24), date(2025, 4, 7)), (date(2025, 6, 20), date(2025, 7, 4)),
             (date(2025, 10, 20), date(2025, 11, 3)), (date(2025, 11, 3), date(2025, 11, 12))]
names = {3: 1, 4: 0, 2: 0}
for number, own in enumerate(campaigns):
    show("campaigns", *own, "", own)
    show("campaigns", *own, "previous", campaigns[number - 1] if number else None)
    show("campaigns", *own, "year_ago", campaigns[names[number]] if number in names else None)

# The days of a fortnight: with those of the last campaign, four weeks before, a month before (31 days of October have 30 of September), and with the
# same holiday.
holidays = {date(2025, 2, 14): "Feast", date(2025, 10, 25): "Feast", date(2025, 10, 2): "Fair"}
spring = campaigns[1]
fortnight = (date(2025, 10, 20), date(2025, 11, 4))
for day in days_of(*fortnight):
    own = (day, day + timedelta(1))
    show("days", *own, "", own)
    like = spring[0] + (day - fortnight[0])
    show("days", *own, "last campaign", (like, like + timedelta(1)) if like < spring[1] else None)
    show("days", *own, "four weeks", (day - timedelta(weeks=4), day - timedelta(weeks=4) + timedelta(1)))
    month = date(2025, day.month - 1, min(day.day, 30 if day.month == 10 else 31))
    show("days", *own, "a month", (month, month + timedelta(1)))
    back = day - timedelta(weeks=4)
    if day in holidays:
        back = max((other for other in holidays if other < day and holidays[other] == holidays[day]), default=None)
    elif back in holidays:
        back = None
    show("days", *own, "holiday", back and (back, back + timedelta(1)))

# All of it.
show("total", *fortnight, "", fortnight)
show("total", *fortnight, "last campaign", spring)
show("total", *fortnight, "four weeks", tuple(day - timedelta(weeks=4) for day in fortnight))
