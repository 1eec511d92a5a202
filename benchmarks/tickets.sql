-- The report of tickets.toml, by hand.

-- One pass over the file.
CREATE TEMP TABLE tickets AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', created_at)) AS month,
    ticket_id IS NOT NULL AS has_id,
    customer_id, channel, kind, priority, region, agent_replies, reopens,
    (epoch_us(first_replied_at) - epoch_us(created_at)) / 1e6 AS wait,
    (epoch_us(solved_at) - epoch_us(created_at)) / 1e6 AS work,
    solved_at IS NOT NULL AS solved
FROM read_parquet(getvariable('file'))
WHERE month >= '2025-01-01' AND month < '2026-01-01';

-- What adds up: all but numbers of customers and quantiles.
CREATE TEMP TABLE sums AS
SELECT
    month, channel, kind, priority, region, count(*) FILTER (has_id) AS tickets,
    sum(wait) FILTER (wait >= 0) AS wait, count(*) FILTER (wait >= 0) AS answered,
    count(*) FILTER (solved AND (wait >= 0 OR wait IS NULL)) AS solved,
    count(*) FILTER (reopens BETWEEN 1 AND 2) AS reopened, count(*) FILTER (reopens BETWEEN 0 AND 2) AS known,
    sum(agent_replies) FILTER (agent_replies BETWEEN 0 AND 12) AS replies, count(*) FILTER (agent_replies BETWEEN 0 AND 12) AS counted
FROM tickets
GROUP BY ALL;

SELECT 'tickets_by_month' AS request, month, channel, kind, sum(tickets) AS value, value AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, channel), (month, kind), (month, channel, kind));

SELECT
    'share_of_tickets' AS request, channel, kind, priority, region,
    100 * sum(tickets) / all_tickets AS value, all_tickets AS n
FROM (SELECT *, sum(tickets) OVER () AS all_tickets FROM sums)
GROUP BY GROUPING SETS ((all_tickets, channel), (all_tickets, kind), (all_tickets, priority), (all_tickets, region));

SELECT 'customers' AS request, region, kind, count(DISTINCT customer_id) AS value, value AS n
FROM tickets
GROUP BY GROUPING SETS ((), (region), (kind), (region, kind));

SELECT 'first_response_by_month' AS request, month, region, channel, sum(wait) / sum(answered) AS value, sum(answered) AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, region, channel));

SELECT
    'median_first_response_by_month' AS request, month, region, channel,
    quantile_cont(wait, 0.5) AS value, count(*) AS n
FROM tickets
WHERE wait >= 0
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, region, channel));

SELECT 'p90_first_response' AS request, region, channel, priority, quantile_cont(wait, 0.9) AS value, count(*) AS n
FROM tickets
WHERE wait >= 0
GROUP BY GROUPING SETS ((), (region), (priority), (channel, priority));

SELECT 'p95_time_to_solution' AS request, kind, priority, quantile_cont(work, 0.95) AS value, count(*) AS n
FROM tickets
WHERE work >= 0
GROUP BY GROUPING SETS ((), (kind), (priority), (kind, priority));

SELECT 'response_per_solved_ticket' AS request, region, kind, sum(wait) / sum(solved) AS value, sum(solved) AS n
FROM sums
GROUP BY GROUPING SETS ((), (region), (kind), (region, kind));

SELECT 'reopened_by_month' AS request, month, kind, priority, 100 * sum(reopened) / sum(known) AS value, sum(known) AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, kind), (month, priority), (month, kind, priority));

SELECT 'replies_per_ticket_by_month' AS request, month, channel, kind, sum(replies) / sum(counted) AS value, sum(counted) AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, kind), (month, channel), (month, channel, kind));
