//! Holds: a resource that a frozen account, or a freeze for security, keeps from being used while its term runs on.

use super::{KeepEnds, ResourceStatus};
use crate::calendar::{CalendarError, Date, Instant};

/// What time alone has made of a resource: what it is again when a hold is released. One that is deleted at its
/// expiry has no days of grace and retention in its [`KeepEnds`].
pub fn status_by_time(now: Instant, ends: KeepEnds) -> ResourceStatus {
    if now < ends.expires_at {
        ResourceStatus::InUse
    } else if now < ends.grace_ends_at {
        ResourceStatus::Expired
    } else if now < ends.retention_ends_at {
        ResourceStatus::Frozen
    } else {
        ResourceStatus::Closed
    }
}

/// What a held resource is shown as: frozen, whatever its term, but a hold brings nothing back that is closed.
pub fn status_held(by_time: ResourceStatus) -> ResourceStatus {
    match by_time {
        ResourceStatus::InUse | ResourceStatus::Expired | ResourceStatus::Frozen => ResourceStatus::Frozen,
        ResourceStatus::Closed => ResourceStatus::Closed,
    }
}

/// When a resource that an account's freeze holds is deleted: 23:59:59 GMT+8 of the last of so many days after the
/// day of the freeze ([`crate::site::SiteProfile::hold_days`]). A hold for security deletes nothing.
///
/// # Errors
/// [`CalendarError::OutOfRange`].
pub fn hold_ends(held_at: Instant, days: u16) -> Result<Instant, CalendarError> {
    Date::of(held_at).plus_days(i64::from(days)).map(Date::end_of_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::KeepDays;

    fn at(text: &str) -> Instant {
        Instant::parse_utc(text).unwrap()
    }

    #[test]
    fn time_walks_the_life_cycle_at_the_instants_of_the_machine() {
        let ends = KeepEnds::of(at("2024-04-30T15:59:59Z"), KeepDays { grace: 15, retention: 15 }).unwrap();
        let steps = [
            (ends.expires_at, ResourceStatus::InUse, ResourceStatus::Expired),
            (ends.grace_ends_at, ResourceStatus::Expired, ResourceStatus::Frozen),
            (ends.retention_ends_at, ResourceStatus::Frozen, ResourceStatus::Closed),
        ];
        for (instant, before, after) in steps {
            assert_eq!(status_by_time(instant.plus_ms(-1), ends), before);
            assert_eq!(status_by_time(instant, ends), after);
        }
    }

    #[test]
    fn without_grace_it_freezes_and_without_both_it_closes() {
        let expires_at = at("2024-04-30T15:59:59Z");
        let status = |grace, retention| {
            status_by_time(expires_at, KeepEnds::of(expires_at, KeepDays { grace, retention }).unwrap())
        };
        assert_eq!(status(0, 1), ResourceStatus::Frozen);
        assert_eq!(status(0, 0), ResourceStatus::Closed);
        assert_eq!(status(1, 0), ResourceStatus::Expired);
    }

    #[test]
    fn a_hold_freezes_what_is_not_closed() {
        for status in ResourceStatus::ALL {
            let wanted = match status {
                ResourceStatus::Closed => ResourceStatus::Closed,
                _ => ResourceStatus::Frozen,
            };
            assert_eq!(status_held(*status), wanted);
        }
    }

    #[test]
    fn a_held_resource_is_deleted_at_the_end_of_the_fifteenth_day() {
        // 16:30Z is already the next day in GMT+8.
        assert_eq!(hold_ends(at("2024-04-30T08:00:00Z"), 15).unwrap().to_wire(), "2024-05-15T15:59:59Z");
        assert_eq!(hold_ends(at("2024-04-30T16:30:00Z"), 15).unwrap().to_wire(), "2024-05-16T15:59:59Z");
        assert_eq!(hold_ends(Instant::MAX, 15), Err(CalendarError::OutOfRange));
    }
}
