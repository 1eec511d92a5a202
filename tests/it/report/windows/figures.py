"""Values over windows by brute force: for each end of a week, every row of the window is gone through again, in DuckDB.

    python3 figures.py > figures.csv        # with duckdb 1.2 or later, from this folder
"""

import duckdb

DATA = "../../../../datasets"
FROM, UNTIL = "2025-03-24", "2025-10-27"  # a clock change lies in the first week, and one in the last

db = duckdb.connect()
db.execute("SET TimeZone = 'Europe/Copenhagen'")
for table in ["orders", "responses", "tickets", "customers", "subscriptions", "events"]:
    db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{DATA}/{table}.csv', all_varchar = true)")
# A few rows of the samples are damaged, on purpose.
for table, column in [("orders", "time"), ("responses", "time"), ("tickets", "created_at"), ("customers", "created_at"),
                      ("subscriptions", "started_at"), ("events", "time")]:
    db.execute(f"DELETE FROM {table} WHERE TRY_CAST({column} AS TIMESTAMPTZ) IS NULL")
db.execute("DELETE FROM orders WHERE coalesce(TRY_CAST(amount AS DOUBLE), -1) < 0 OR customer_id IS NULL")
db.execute("DELETE FROM responses WHERE NOT coalesce(TRY_CAST(score AS DOUBLE) BETWEEN 0 AND 10, true)")
db.execute("DELETE FROM subscriptions WHERE customer_id IS NULL OR ended_at::TIMESTAMPTZ < started_at::TIMESTAMPTZ")
db.execute("DELETE FROM events WHERE user_id IS NULL")
db.execute("DELETE FROM tickets WHERE first_replied_at::TIMESTAMPTZ < created_at::TIMESTAMPTZ")
# Midnights of the zone, as instants.
db.execute(f"""
    CREATE TABLE ends AS
    SELECT day, timezone('Europe/Copenhagen', day::TIMESTAMP) AS until,
           timezone('Europe/Copenhagen', (day - INTERVAL 60 DAY)::TIMESTAMP) AS days60,
           timezone('Europe/Copenhagen', (day - INTERVAL 3 MONTH)::TIMESTAMP) AS months3,
           timezone('Europe/Copenhagen', date_trunc('quarter', day - INTERVAL 1 DAY)::TIMESTAMP) AS quarter
    FROM (SELECT unnest(generate_series(DATE '{FROM}' + 7, DATE '{UNTIL}', INTERVAL 7 DAY))::DATE AS day)
""")


def windowed(name, start, table, time, value, where="true"):
    """One value per end, of the rows of a table from the window's start on."""
    rows = db.execute(f"""
        SELECT day, (SELECT {value} FROM {table} WHERE {time}::TIMESTAMPTZ >= {start} AND {time}::TIMESTAMPTZ < until AND {where})
        FROM ends ORDER BY day
    """).fetchall()
    show(name, rows)


def show(name, rows):
    for day, value in rows:
        print(f"{name},{day},{'' if value is None else repr(float(value))}")


print("request,end,value")
for name, value in {
    "count": "count(*)",
    "sum": "sum(amount::DOUBLE)",
    "min": "min(amount::DOUBLE)",
    "max": "max(amount::DOUBLE)",
    "mean": "avg(amount::DOUBLE)",
    "variance": "var_samp(amount::DOUBLE)",
    "distinct": "count(DISTINCT customer_id)",
    "distinct_web": "count(DISTINCT customer_id) FILTER (WHERE channel = 'web')",
    "quantile": "quantile_cont(amount::DOUBLE, 0.9)",
}.items():
    windowed(name, "days60", "orders", "time", value)
windowed("distinct_quarter", "quarter", "orders", "time", "count(DISTINCT customer_id)")
windowed("quantile_months", "months3", "orders", "time", "quantile_cont(amount::DOUBLE, 0.9)")
windowed("nps", "days60", "responses", "time",
         "100.0 * (count(*) FILTER (score::INT >= 9) - count(*) FILTER (score::INT <= 6)) / count(*)", "score IS NOT NULL")
windowed("score_10", "days60", "responses", "time", "100.0 * count(*) FILTER (score::INT = 10) / count(*)", "score IS NOT NULL")
windowed("wait", "days60", "tickets", "created_at",
         "quantile_cont(epoch(first_replied_at::TIMESTAMPTZ) - epoch(created_at::TIMESTAMPTZ), 0.5)", "first_replied_at IS NOT NULL")
windowed("new_by_search", "days60", "customers", "created_at", "count(*)", "source = 'search'")
# Derived for each window anew.
show("repeat", db.execute("""
    SELECT day, (SELECT 100.0 * count(*) FILTER (orders >= 2) / count(*) FROM (
        SELECT count(*) AS orders FROM orders WHERE time::TIMESTAMPTZ >= days60 AND time::TIMESTAMPTZ < until GROUP BY customer_id))
    FROM ends ORDER BY day""").fetchall())
# Of those who are customers as the window opens, who are none as it closes.
show("churn", db.execute("""
    WITH there AS (SELECT day, customer_id,
                       bool_or(started_at::TIMESTAMPTZ <= days60 AND coalesce(ended_at::TIMESTAMPTZ > days60, true)) AS was,
                       bool_or(started_at::TIMESTAMPTZ <= until AND coalesce(ended_at::TIMESTAMPTZ > until, true)) AS is_one
                FROM ends, subscriptions GROUP BY day, customer_id)
    SELECT day, 100.0 * count(*) FILTER (was AND NOT is_one) / count(*) FILTER (was) FROM there GROUP BY day ORDER BY day""").fetchall())
# Sessions are what they are whatever the window: of one user, with pauses of up to half an hour.
show("sessions", db.execute("""
    WITH begun AS (SELECT time::TIMESTAMPTZ AS began, epoch(time::TIMESTAMPTZ) - lag(epoch(time::TIMESTAMPTZ)) OVER (PARTITION BY user_id ORDER BY time) AS pause
                   FROM events)
    SELECT day, (SELECT count(*) FROM begun WHERE began >= days60 AND began < until AND coalesce(pause > 1800, true)) FROM ends ORDER BY day""").fetchall())
