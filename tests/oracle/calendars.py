"""Local time: cells to instants, and the edges of buckets. Instants are microseconds since 1970."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def micros(instant):
    return (instant - EPOCH) // timedelta(microseconds=1)


def local(instant, zone):
    return (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def at(wall, zone):
    """The instant at which a clock on the wall shows a time, the first of two; and whether it ever does."""
    shown = wall.replace(tzinfo=ZoneInfo(zone))
    instant = shown.astimezone(timezone.utc)
    return micros(instant), instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def start_of(day, zone):
    """The first instant of a day: where clocks skip its midnight, that of the change."""
    return at(datetime(day.year, day.month, day.day), zone)[0]


def add_days(instant, days, zone):
    """The same local time so many days later."""
    wall = local(instant, zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    return at(wall, zone)[0]


def parsed(text, zone):
    """The instant of a cell; None where it is no time."""
    try:
        if len(text) == 10:
            return start_of(date.fromisoformat(text), zone)
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is not None:
        return micros(time.astimezone(timezone.utc))
    instant, is_shown = at(time, zone)
    return instant if is_shown else None


def first_of(day, grain):
    """The first day of the bucket that a day is in."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    if grain == "year":
        return day.replace(month=1, day=1)
    return day


def buckets(start, end, grain, zone):
    """The buckets of a period of days, as pairs of instants; those at its ends are cut."""
    if grain == "total":
        return [(start_of(start, zone), start_of(end, zone))]
    edges, day = [start_of(start, zone)], start
    while day < end:
        day += timedelta(days=1)
        if first_of(day, grain) == day or day == end:
            edges.append(start_of(day, zone))
    return list(zip(edges, edges[1:]))
