//! A calendar that is counted out day by day, without the code under test and without its library.

use domain::calendar::Instant;

const SECONDS_PER_DAY: i64 = 86_400;
const GMT8_AHEAD_SECONDS: i64 = 8 * 3_600;

/// A day of the list, by its number since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Day {
    pub number: i64,
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

pub fn is_leap(year: i64) -> bool {
    // No century year but 2000 lies in the list.
    year % 4 == 0
}

pub fn length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Every day from 1970 to 2045.
pub struct Calendar(Vec<Day>);

impl Calendar {
    pub fn new() -> Self {
        let mut days = Vec::new();
        for year in 1970..2046 {
            for month in 1..=12 {
                for day in 1..=length(year, month) {
                    days.push(Day { number: i64::try_from(days.len()).unwrap(), year, month, day });
                }
            }
        }
        Self(days)
    }

    pub fn day(&self, number: i64) -> Day {
        self.0[usize::try_from(number).unwrap()]
    }

    /// Its days from the first of one year to the last of another.
    pub fn years(&self, first: i64, last: i64) -> &[Day] {
        let begin = self.0.iter().position(|day| day.year == first).unwrap();
        let end = self.0.iter().position(|day| day.year > last).unwrap();
        &self.0[begin..end]
    }

    pub fn find(&self, year: i64, month: i64, day: i64) -> Day {
        let found = self.years(year, year).iter().find(|d| (d.month, d.day) == (month, day));
        *found.unwrap()
    }

    /// So many months later: the last day of a month leads to the last, and a day that is not there to the last too.
    pub fn months_later(&self, from: Day, months: i64) -> Day {
        let is_last = self.day(from.number + 1).day == 1;
        let mut day = from;
        // To the first of the month, and from one first to the next.
        while day.day != 1 {
            day = self.day(day.number - 1);
        }
        for _ in 0..months {
            day = self.day(day.number + length(day.year, day.month));
        }
        let (month, mut last) = (day.month, day);
        while self.day(last.number + 1).month == month && (is_last || last.day < from.day) {
            last = self.day(last.number + 1);
        }
        last
    }
}

/// A time of a day of GMT+8, in seconds from its midnight.
pub fn at(day: Day, seconds: i64) -> Instant {
    Instant::from_ms((day.number * SECONDS_PER_DAY + seconds - GMT8_AHEAD_SECONDS) * 1_000)
}

/// The last second of a day.
pub fn end_of(day: Day) -> Instant {
    at(day, SECONDS_PER_DAY - 1)
}
