//! Yearly and monthly resources after their purchase, as a state machine (rule 1.2).
//!
//! ```text
//!             expires             grace ends           retention ends
//!  2 in use ──────────▶ 5 expired ──────────▶ 4 frozen ──────────────▶ 3 closed
//!     ▲  ▲ └ policy 2: straight to 3 ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ▲  ▲
//!     │  └────renew────────┘                     │                         │
//!     └───────renew──────────────────────────────┘     unsubscribe, from 2, 4 and 5
//! ```
//!
//! In 5 the resource works, in 4 it does not and its data is kept, 3 is the end and is never shown. The
//! instants at which it moves follow from the end of its term ([`KeepEnds`]); an event before its instant is
//! refused, so a job that comes early does no harm.
//!
//! A hold (a frozen account, or a freeze for security) is beside the machine: it shows 4 while the term runs on
//! ([`status_held`]), and its release shows what time has made of the resource ([`status_by_time`]).
//!
//! - [`renewal`]: when automatic renewal is tried, on which day renewed terms end, how long they may become;
//! - [`refund`]: what an unsubscription gives back;
//! - [`change`]: what a change of specification costs;
//! - [`MonthParts`]: exact parts of calendar months, which the prices of both rest on.

pub mod change;
mod hold;
mod parts;
pub mod refund;
pub mod renewal;

pub use hold::{hold_ends, status_by_time, status_held};
pub use parts::MonthParts;

use crate::calendar::{CalendarError, Date, Instant};
use crate::order::codes;
use crate::site::KeepDays;

codes! {
    /// What state a resource is in (004 8.4.1).
    ResourceStatus {
        /// In use.
        InUse = 2,
        /// Closed; customers no longer see it.
        Closed = 3,
        /// Frozen: unusable, its data kept.
        Frozen = 4,
        /// Expired: in grace, still usable.
        Expired = 5,
    }
}

codes! {
    /// What happens to a resource next, as it is shown (rule 1.2).
    ExpirePolicy {
        /// It enters grace.
        EnterGrace = 0,
        /// It becomes pay-per-use.
        ToOnDemand = 1,
        /// It is deleted at expiry.
        Delete = 2,
        /// It is renewed automatically.
        AutoRenew = 3,
        /// It is frozen.
        Freeze = 4,
        /// It is deleted out of retention.
        DeleteAfterRetention = 5,
    }
}

/// When an expired resource stops working, and when it is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KeepEnds {
    /// The end of its term.
    pub expires_at: Instant,
    /// The end of grace.
    pub grace_ends_at: Instant,
    /// The end of retention.
    pub retention_ends_at: Instant,
}

impl KeepEnds {
    /// Grace and retention end at 23:59:59 GMT+8 of their last days, counted from the day of the expiry
    /// (rules 1.3, 13). No days of grace end with the term itself.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`].
    pub fn of(expires_at: Instant, days: KeepDays) -> Result<Self, CalendarError> {
        let end = |begin: Instant, days: u16| match days {
            0 => Ok(begin),
            _ => Date::of(begin).plus_days(i64::from(days)).map(Date::end_of_day),
        };
        let grace_ends_at = end(expires_at, days.grace)?;
        let retention_ends_at = end(grace_ends_at, days.retention)?;
        Ok(Self { expires_at, grace_ends_at, retention_ends_at })
    }

    /// The first of the three instants after `now`, when the resource moves next; None when all are past.
    pub fn next_after(self, now: Instant) -> Option<Instant> {
        [self.expires_at, self.grace_ends_at, self.retention_ends_at].into_iter().find(|end| now < *end)
    }
}

/// What the machine needs to know about a resource.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResourceState {
    /// The state it is in.
    pub status: ResourceStatus,
    /// What is to happen at its expiry.
    pub policy: ExpirePolicy,
    /// When it moves.
    pub ends: KeepEnds,
}

/// What happens to a resource.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ResourceEvent {
    /// Its term ends.
    Expire,
    /// Its grace ends.
    EndGrace,
    /// Its retention ends.
    EndRetention,
    /// It is renewed.
    Renew,
    /// It is unsubscribed.
    Unsubscribe,
}

impl ResourceEvent {
    /// Every event.
    pub const ALL: [Self; 5] =
        [Self::Expire, Self::EndGrace, Self::EndRetention, Self::Renew, Self::Unsubscribe];
}

/// The state after an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResourceChange {
    /// The new state.
    pub status: ResourceStatus,
    /// The policy that is shown from now on.
    pub policy: ExpirePolicy,
}

/// Why a resource does not follow an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The instant has not come.
    #[error("it is not yet time for this")]
    NotDue,
    /// A closed resource can do nothing any more (CBC.99003016 for a renewal).
    #[error("the resource is closed")]
    Closed,
    /// At its expiry it becomes pay-per-use, and cannot be renewed (rule 1.4.2).
    #[error("the resource is to become pay-per-use")]
    BecomesOnDemand,
    /// The event does not belong to this state; our own code asked.
    #[error("the resource is in a state that does not know this event")]
    WrongState(ResourceStatus, ResourceEvent),
}

/// The state after an event.
///
/// A resource whose policy is to become pay-per-use does not expire here: the conversion takes it over at
/// that instant (rule 1.7).
///
/// # Errors
/// [`Refusal`], by what stands in the way.
pub fn transition(
    state: ResourceState,
    event: ResourceEvent,
    now: Instant,
) -> Result<ResourceChange, Refusal> {
    use ResourceEvent as Event;
    use ResourceStatus as Status;
    let next = |status, policy| Ok(ResourceChange { status, policy });
    let due = |at: Instant| if now < at { Err(Refusal::NotDue) } else { Ok(()) };
    match (state.status, event) {
        (Status::Closed, _) => Err(Refusal::Closed),
        (Status::InUse, Event::Expire) => {
            due(state.ends.expires_at)?;
            match state.policy {
                ExpirePolicy::ToOnDemand => Err(Refusal::BecomesOnDemand),
                ExpirePolicy::Delete => next(Status::Closed, state.policy),
                policy => next(Status::Expired, shown_policy(Status::Expired, policy)),
            }
        }
        (Status::Expired, Event::EndGrace) => {
            due(state.ends.grace_ends_at)?;
            next(Status::Frozen, shown_policy(Status::Frozen, state.policy))
        }
        (Status::Frozen, Event::EndRetention) => {
            due(state.ends.retention_ends_at)?;
            next(Status::Closed, state.policy)
        }
        (Status::InUse | Status::Expired | Status::Frozen, Event::Renew) => match state.policy {
            ExpirePolicy::ToOnDemand => Err(Refusal::BecomesOnDemand),
            policy => next(Status::InUse, shown_policy(Status::InUse, policy)),
        },
        (Status::InUse | Status::Expired | Status::Frozen, Event::Unsubscribe) => {
            next(Status::Closed, state.policy)
        }
        // What is left are pairs of a state and an event that our own code never brings together.
        (status, event) => Err(Refusal::WrongState(status, event)),
    }
}

/// The policy as it is shown in a state: what follows next. What was chosen (automatic renewal, conversion,
/// deletion at expiry) stays; the ordinary course is told step by step (rule 1.2).
pub fn shown_policy(status: ResourceStatus, policy: ExpirePolicy) -> ExpirePolicy {
    match policy {
        ExpirePolicy::AutoRenew | ExpirePolicy::ToOnDemand | ExpirePolicy::Delete => policy,
        ExpirePolicy::EnterGrace | ExpirePolicy::Freeze | ExpirePolicy::DeleteAfterRetention => {
            match status {
                ResourceStatus::InUse => ExpirePolicy::EnterGrace,
                ResourceStatus::Expired => ExpirePolicy::Freeze,
                ResourceStatus::Frozen | ResourceStatus::Closed => ExpirePolicy::DeleteAfterRetention,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> KeepEnds {
        let expires_at = Instant::parse_utc("2024-04-30T15:59:59Z").unwrap();
        KeepEnds::of(expires_at, KeepDays { grace: 15, retention: 15 }).unwrap()
    }

    #[test]
    fn grace_and_retention_end_with_their_last_days() {
        assert_eq!(ends().grace_ends_at.to_wire(), "2024-05-15T15:59:59Z");
        assert_eq!(ends().retention_ends_at.to_wire(), "2024-05-30T15:59:59Z");
        let none = KeepEnds::of(ends().expires_at, KeepDays { grace: 0, retention: 1 }).unwrap();
        assert_eq!(none.grace_ends_at, none.expires_at);
        assert_eq!(none.retention_ends_at.to_wire(), "2024-05-01T15:59:59Z");
    }

    #[test]
    fn the_next_end_is_the_first_that_has_not_come() {
        let KeepEnds { expires_at, grace_ends_at, retention_ends_at } = ends();
        assert_eq!(ends().next_after(expires_at.plus_ms(-1)), Some(expires_at));
        assert_eq!(ends().next_after(expires_at), Some(grace_ends_at));
        assert_eq!(ends().next_after(grace_ends_at), Some(retention_ends_at));
        assert_eq!(ends().next_after(retention_ends_at), None);
    }

    /// Rows are status and policy; columns the events in the order of `ResourceEvent::ALL`, long after every
    /// instant. `status/policy` is the next state, `x` closed, `o` becomes pay-per-use, `.` wrong.
    const LATE: &str = "\
        2/0  5/4  .   .   2/0 3/0
        2/1  o    .   .   o   3/1
        2/2  3/2  .   .   2/2 3/2
        2/3  5/3  .   .   2/3 3/3
        3/0  x    x   x   x   x
        4/3  .    .   3/3 2/3 3/3
        4/5  .    .   3/5 2/0 3/5
        5/3  .    4/3 .   2/3 3/3
        5/4  .    4/5 .   2/0 3/4";

    fn sign(result: Result<ResourceChange, Refusal>) -> String {
        match result {
            Ok(change) => format!("{}/{}", change.status.code(), change.policy.code()),
            Err(Refusal::NotDue) => "d".to_owned(),
            Err(Refusal::Closed) => "x".to_owned(),
            Err(Refusal::BecomesOnDemand) => "o".to_owned(),
            Err(Refusal::WrongState(..)) => ".".to_owned(),
        }
    }

    #[test]
    fn every_state_answers_every_event_as_the_table_says() {
        for line in LATE.lines() {
            let mut cells = line.split_whitespace();
            let name = cells.next().unwrap();
            let (status, policy) = name.split_once('/').unwrap();
            let state = ResourceState {
                status: ResourceStatus::from_code(status.parse().unwrap()).unwrap(),
                policy: ExpirePolicy::from_code(policy.parse().unwrap()).unwrap(),
                ends: ends(),
            };
            for (event, wanted) in ResourceEvent::ALL.into_iter().zip(cells) {
                assert_eq!(sign(transition(state, event, Instant::MAX)), wanted, "{name} {event:?}");
            }
        }
    }

    #[test]
    fn nothing_moves_before_its_instant() {
        let steps = [
            (ResourceStatus::InUse, ResourceEvent::Expire, ends().expires_at),
            (ResourceStatus::Expired, ResourceEvent::EndGrace, ends().grace_ends_at),
            (ResourceStatus::Frozen, ResourceEvent::EndRetention, ends().retention_ends_at),
        ];
        for (status, event, at) in steps {
            let state = ResourceState { status, policy: ExpirePolicy::EnterGrace, ends: ends() };
            assert_eq!(transition(state, event, at.plus_ms(-1)), Err(Refusal::NotDue));
            assert!(transition(state, event, at).is_ok(), "{status:?}");
        }
    }

    #[test]
    fn codes_are_those_of_the_wire() {
        let statuses: Vec<_> = ResourceStatus::ALL.iter().map(|status| status.code()).collect();
        assert_eq!(statuses, [2, 3, 4, 5]);
        let policies: Vec<_> = ExpirePolicy::ALL.iter().map(|policy| policy.code()).collect();
        assert_eq!(policies, [0, 1, 2, 3, 4, 5]);
    }
}
