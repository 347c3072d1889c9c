//! Orders as a state machine: (state, event, now) to a transition or a refusal (rule 1.8).
//!
//! ```text
//!  created ──▶ 1 pending approval ──approve──▶ 6 pending payment ──pay──▶ 3 processing ──▶ 5 completed
//!     │                  └──reject──▶ 4 cancelled ◀──cancel, time out──┘          ▲
//!     ├──────────────────────────────▶ 6                                         │
//!     └── costs nothing, or paid automatically ──────────────────────────────────┘
//! ```
//!
//! - No order that costs something begins in 1 ([`OrderStatus::at_creation`]). Large refunds do (rule 2.5): approved,
//!   an order that gives money back is completed.
//! - Payment and time-out exclude each other: before `pay_before` an order can be paid and cannot time out,
//!   from that instant on the reverse.
//! - An order whose lines failed still completes; its money goes back by an automatic refund order of its own.
//! - An order that gives money back for what the cloud has yet to do begins in 3; where that fails it is cancelled, and
//!   nothing has moved.
//! - Cancelled and completed orders never change. No event here leaves 2 pending refund, 9 to be confirmed,
//!   and the logistics states 10 to 13.

use crate::calendar::Instant;
use crate::money::Charge;

// A macro, because a code table must be written, read and listed from one place.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            pub fn code(self) -> i64 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The value of a code.
            pub fn from_code(code: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// What state an order is in (004 8.3.1).
    OrderStatus {
        /// Waits for an approval.
        PendingApproval = 1,
        /// Waits for its refund.
        PendingRefund = 2,
        /// Paid; its lines are being provisioned.
        Processing = 3,
        /// Cancelled by the customer or by time.
        Canceled = 4,
        /// Every line is done.
        Completed = 5,
        /// Waits for payment.
        PendingPayment = 6,
        /// Waits for a confirmation.
        ToBeConfirmed = 9,
        /// Hardware: to be shipped.
        ToBeShipped = 10,
        /// Hardware: to be received.
        ToBeReceived = 11,
        /// Hardware: to be picked up.
        PendingPickUp = 12,
        /// Hardware: being exchanged.
        ExchangeInProgress = 13,
    }
}

codes! {
    /// What an order is for (004 8.3.1).
    OrderType {
        /// A new purchase.
        Purchase = 1,
        /// A renewal.
        Renewal = 2,
        /// A change of specification.
        Change = 3,
        /// An unsubscription.
        Unsubscription = 4,
        /// Yearly or monthly to pay-per-use.
        ToOnDemand = 10,
        /// Pay-per-use to yearly or monthly.
        ToPeriod = 11,
        /// A trial.
        Trial = 13,
        /// A trial that becomes commercial use.
        TrialToCommercial = 14,
        /// An adjustment of a fee.
        FeeAdjustment = 15,
    }
}

codes! {
    /// Where an order came from (rule 1.8).
    SourceType {
        /// The customer.
        Customer = 1,
        /// An agent.
        Agent = 2,
        /// A contract.
        Contract = 3,
        /// A distributor.
        Distributor = 4,
        /// A deletion in a console page.
        PageDelete = 5,
        /// An order that was supplemented.
        Supplemented = 6,
        /// A compensation.
        Compensation = 7,
        /// The system itself, for example an automatic refund.
        System = 8,
    }
}

/// What the machine needs to know about an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OrderState {
    /// The state it is in.
    pub status: OrderStatus,
    /// From this instant on it can no longer be paid; None for an order that never waits for payment.
    pub pay_before: Option<Instant>,
}

/// What happens to an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderEvent {
    /// An approval is given.
    Approve,
    /// An approval is given to an order that gives money back: it is carried out at once.
    GiveBack,
    /// An approval is refused.
    Reject,
    /// The money has been found.
    Pay,
    /// The customer no longer wants it.
    Cancel,
    /// Its time to pay is over.
    TimeOut,
    /// Every line is provisioned.
    LinesProvisioned,
    /// Every line is done, and at least one of several failed; the failed ones are refunded.
    SomeFailed,
    /// Every line failed; all is refunded.
    AllFailed,
    /// What an order would give money back for could not be done, so nothing goes back.
    NothingDone,
}

impl OrderEvent {
    /// Every event.
    pub const ALL: [Self; 10] = [
        Self::Approve,
        Self::GiveBack,
        Self::Reject,
        Self::Pay,
        Self::Cancel,
        Self::TimeOut,
        Self::LinesProvisioned,
        Self::SomeFailed,
        Self::AllFailed,
        Self::NothingDone,
    ];
}

/// Why an order does not follow an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be paid in this state (CBC.99003106).
    #[error("the order is not pending payment")]
    NotPayable(OrderStatus),
    /// Its time to pay is over (CBC.99003110).
    #[error("the time to pay the order is over")]
    Overdue,
    /// It cannot be cancelled in this state (CBC.99005010).
    #[error("only an order pending payment can be cancelled")]
    NotCancelable(OrderStatus),
    /// Its time to pay is not over yet.
    #[error("the time to pay the order is not over")]
    NotDue,
    /// The event does not belong to this state; our own code asked.
    #[error("the order is in a state that does not know this event")]
    WrongState(OrderStatus, OrderEvent),
}

impl OrderStatus {
    /// The first state of an order: one that costs nothing, or is paid automatically, never waits for payment.
    pub fn at_creation(payable: Charge, is_auto_paid: bool) -> Self {
        if payable.is_zero() || is_auto_paid { Self::Processing } else { Self::PendingPayment }
    }
}

/// It is too late to pay: the deadline itself is already too late. An order without one is never overdue.
pub fn is_overdue(now: Instant, pay_before: Option<Instant>) -> bool {
    pay_before.is_some_and(|deadline| now >= deadline)
}

/// The state after an event.
///
/// # Errors
/// [`Refusal`], by what stands in the way.
pub fn transition(state: OrderState, event: OrderEvent, now: Instant) -> Result<OrderStatus, Refusal> {
    use OrderEvent as Event;
    use OrderStatus as Status;
    let is_overdue = is_overdue(now, state.pay_before);
    match (state.status, event) {
        (Status::PendingApproval, Event::Approve) => Ok(Status::PendingPayment),
        (Status::PendingApproval, Event::GiveBack) => Ok(Status::Completed),
        (Status::PendingApproval, Event::Reject) => Ok(Status::Canceled),
        (Status::PendingPayment, Event::Pay) if is_overdue => Err(Refusal::Overdue),
        (Status::PendingPayment, Event::Pay) => Ok(Status::Processing),
        (Status::PendingPayment, Event::Cancel) => Ok(Status::Canceled),
        (Status::PendingPayment, Event::TimeOut) if is_overdue => Ok(Status::Canceled),
        (Status::PendingPayment, Event::TimeOut) => Err(Refusal::NotDue),
        (Status::Processing, Event::LinesProvisioned | Event::SomeFailed | Event::AllFailed) => {
            Ok(Status::Completed)
        }
        (Status::Processing, Event::NothingDone) => Ok(Status::Canceled),
        (status, Event::Pay) => Err(Refusal::NotPayable(status)),
        (status, Event::Cancel) => Err(Refusal::NotCancelable(status)),
        // What is left are pairs of a state and an event that our own code never brings together.
        (status, event) => Err(Refusal::WrongState(status, event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole machine: rows are states, columns the events in the order of `OrderEvent::ALL`, before the
    /// deadline. A number is the next state, `p` not payable, `c` not cancellable, `d` not due, `.` wrong.
    const BEFORE: &str = "\
        1   6 5 4 p c . . . . .
        2   . . . p c . . . . .
        3   . . . p c . 5 5 5 4
        4   . . . p c . . . . .
        5   . . . p c . . . . .
        6   . . . 3 4 d . . . .
        9   . . . p c . . . . .
        10  . . . p c . . . . .
        11  . . . p c . . . . .
        12  . . . p c . . . . .
        13  . . . p c . . . . .";

    fn sign(result: Result<OrderStatus, Refusal>) -> String {
        match result {
            Ok(status) => status.code().to_string(),
            Err(Refusal::NotPayable(_)) => "p".to_owned(),
            Err(Refusal::NotCancelable(_)) => "c".to_owned(),
            Err(Refusal::NotDue) => "d".to_owned(),
            Err(Refusal::Overdue) => "o".to_owned(),
            Err(Refusal::WrongState(..)) => ".".to_owned(),
        }
    }

    fn table_at(now: Instant, pay_before: Instant) -> Vec<Vec<String>> {
        let row = |status: &OrderStatus| {
            let state = OrderState { status: *status, pay_before: Some(pay_before) };
            let cells = OrderEvent::ALL.into_iter().map(|event| sign(transition(state, event, now)));
            std::iter::once(status.code().to_string()).chain(cells).collect()
        };
        OrderStatus::ALL.iter().map(row).collect()
    }

    fn wanted(table: &str) -> Vec<Vec<String>> {
        table.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_state_answers_every_event_as_the_table_says() {
        let deadline = Instant::from_ms(1000);
        assert_eq!(table_at(Instant::from_ms(999), deadline), wanted(BEFORE));
    }

    #[test]
    fn from_the_deadline_on_an_order_times_out_and_cannot_be_paid() {
        let deadline = Instant::from_ms(1000);
        let late = wanted(&BEFORE.replace("6   . . . 3 4 d . . . .", "6   . . . o 4 4 . . . ."));
        assert_eq!(table_at(deadline, deadline), late);
        assert_eq!(table_at(Instant::MAX, deadline), late);
        assert!(!is_overdue(Instant::MAX, None));
    }

    #[test]
    fn an_order_that_costs_nothing_is_processed_at_once() {
        assert_eq!(OrderStatus::at_creation(Charge::ZERO, false), OrderStatus::Processing);
        assert_eq!(OrderStatus::at_creation(Charge::cents(1), true), OrderStatus::Processing);
        assert_eq!(OrderStatus::at_creation(Charge::cents(1), false), OrderStatus::PendingPayment);
    }

    #[test]
    fn codes_are_those_of_the_wire() {
        let statuses: Vec<_> = OrderStatus::ALL.iter().map(|value| value.code()).collect();
        assert_eq!(statuses, [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13]);
        let types: Vec<_> = OrderType::ALL.iter().map(|value| value.code()).collect();
        assert_eq!(types, [1, 2, 3, 4, 10, 11, 13, 14, 15]);
        let sources: Vec<_> = SourceType::ALL.iter().map(|value| value.code()).collect();
        assert_eq!(sources, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(OrderStatus::from_code(6), Some(OrderStatus::PendingPayment));
        assert_eq!(OrderType::from_code(5), None);
        assert_eq!(SourceType::from_code(0), None);
    }
}
