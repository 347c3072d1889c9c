//! The reference model: what a customer must have after each request, written from the rulebook and not from the code
//! under test. It is slow and plain: seconds and cents in 64 bits, lists that are searched, one customer at a time.
//!
//! A deed changes a customer and says how it must be answered. Ids are the application's to choose: orders, coupons,
//! discounts and resources have numbers here, and the id is noted when the application tells it.

pub mod adjusting;
pub mod buying;
pub mod changes;
pub mod cloud;
pub mod config;
pub mod deeds;
pub mod facts;
pub mod funds;
pub mod further;
pub mod holds;
pub mod life;
pub mod notes;
pub mod on_demand;
pub mod purses;
pub mod reductions;
pub mod refunds;
pub mod resources;
pub mod trials;
pub mod turns;

use std::collections::BTreeMap;

use domain::site::Site;

pub use self::resources::{Charge, Resource};

use crate::calendar::{Secs, Term};
use crate::world::Key;

/// What moves money: a balance that a payment took it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fund {
    Cash,
    Bonus,
    /// A credit line, by number.
    Credit(usize),
}

/// What a payment took from a balance, and what of it went back.
#[derive(Clone, Debug)]
pub struct Taken {
    pub fund: Fund,
    pub amount: i64,
    pub back: i64,
}

/// A credit line.
#[derive(Clone, Debug)]
pub struct CreditLine {
    pub id: String,
    pub granted: i64,
    pub left: i64,
    pub expires: Option<Secs>,
}

impl CreditLine {
    pub fn is_usable(&self, now: Secs) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

/// What is owed for an order, oldest first.
#[derive(Clone, Debug)]
pub struct Debt {
    pub line: usize,
    pub order: usize,
    pub left: i64,
}

/// How a discount reduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// So many per cent are left.
    Ratio(i64),
    /// So many cents are taken off an order.
    Off(i64),
}

/// A discount.
#[derive(Clone, Debug)]
pub struct Discount {
    pub id: String,
    /// 605, 607 or 700.
    pub kind: i64,
    pub mode: Mode,
    pub is_withdrawn: bool,
}

/// A cash coupon.
#[derive(Clone, Debug)]
pub struct Coupon {
    pub id: String,
    pub face: i64,
    pub left: i64,
    pub expires: Secs,
    pub uses: usize,
    pub limits: CouponLimits,
    pub is_frozen: bool,
    pub is_withdrawn: bool,
    /// The orders that hold it, by the number of the first of them.
    pub held: Option<usize>,
}

impl Coupon {
    pub fn new(cents: i64, expires: Secs, limits: CouponLimits) -> Self {
        Self {
            id: String::new(),
            face: cents,
            left: cents,
            expires,
            uses: 0,
            limits,
            is_frozen: false,
            is_withdrawn: false,
            held: None,
        }
    }
}

/// What limits a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CouponLimits {
    /// It pays once.
    pub is_once: bool,
    /// It does not go with commercial and partner discounts.
    pub excludes_offers: bool,
    /// The least that an order costs, in cents.
    pub least: Option<i64>,
}

impl CouponLimits {
    /// Whether it decides for which orders the coupon is; such a one is spent first (rule 4.8).
    pub fn is_restricted(self) -> bool {
        self.least.is_some()
    }
}

/// A line of an order.
#[derive(Clone, Debug)]
pub struct Line {
    pub good: usize,
    pub size: i64,
    pub term: Term,
    /// How many.
    pub count: i64,
    /// It is attached to the first line.
    pub is_attached: bool,
    pub name: String,
    pub list: i64,
    /// What the operator took off it.
    pub adjusted: i64,
    pub discount: i64,
    pub coupon: i64,
    /// What flexi-purchase coupons and cards pay.
    pub purses: purses::Parts,
    pub effective: Option<Secs>,
    pub expires: Option<Secs>,
    /// What it made or is about, by number.
    pub resources: Vec<usize>,
    /// Of refunds.
    pub fee: i64,
    pub consumed: i64,
}

impl Line {
    /// A line about a resource as it is, for a term, at a list price.
    pub fn about(number: usize, one: &Resource, term: Term, list: i64) -> Self {
        let line = Self::new((one.good, one.size, term), one.parent.is_some(), one.name.clone(), list);
        Self { resources: vec![number], ..line }
    }

    /// A line about one thing of a size, for a term.
    pub fn new((good, size, term): (usize, i64, Term), is_attached: bool, name: String, list: i64) -> Self {
        Self {
            good,
            size,
            term,
            count: 1,
            is_attached,
            name,
            list,
            adjusted: 0,
            discount: 0,
            coupon: 0,
            purses: Vec::new(),
            effective: None,
            expires: None,
            resources: Vec::new(),
            fee: 0,
            consumed: 0,
        }
    }

    /// What balances pay.
    pub fn payable(&self) -> i64 {
        self.list - self.adjusted - self.discount - self.coupon - purses::sum(&self.purses)
    }
}

/// Statuses of an order.
pub mod status {
    pub const APPROVAL: i64 = 1;
    pub const PROCESSING: i64 = 3;
    pub const CANCELLED: i64 = 4;
    pub const COMPLETED: i64 = 5;
    pub const PENDING: i64 = 6;
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    /// 1 purchase, 2 renewal, 3 change, 4 unsubscription, 10 and 11 to pay-per-use and back, 13 trial, 14 trial to
    /// commercial, 15 price adjustment.
    pub kind: i64,
    pub status: i64,
    pub lines: Vec<Line>,
    pub created: Secs,
    pub until: Option<Secs>,
    pub paid: Option<Secs>,
    /// The discount and the coupon, by number, that it shows now.
    pub discount: Option<usize>,
    pub coupon: Option<usize>,
    pub auto_renew: bool,
    pub funds: Vec<Taken>,
    /// The orders that it is paid together with, itself among them.
    pub group: Option<usize>,
}

impl Order {
    pub fn payable(&self) -> i64 {
        self.lines.iter().map(Line::payable).sum()
    }

    pub fn list(&self) -> i64 {
        self.lines.iter().map(|line| line.list).sum()
    }
}

/// Orders that are paid together.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub orders: Vec<usize>,
}

/// A customer.
#[derive(Clone, Debug)]
pub struct Customer {
    pub domain: String,
    pub key: Key,
    pub cash: i64,
    pub bonus: Option<i64>,
    pub credit: Vec<CreditLine>,
    pub debts: Vec<Debt>,
    /// Whether its resources are, too.
    pub frozen: Option<bool>,
    pub discounts: Vec<Discount>,
    pub coupons: Vec<Coupon>,
    pub purses: Vec<purses::Purse>,
    pub orders: Vec<Order>,
    pub groups: Vec<Group>,
    pub resources: Vec<Resource>,
    pub on_demand: Vec<on_demand::OnDemand>,
    pub site: Site,
    pub tier: usize,
    /// Days before the expiry at which the system first renews, where the customer has set them.
    pub days_before: Option<i64>,
    /// The day of the month on which terms end that the system renews, where the customer has set one; -1: the last.
    pub expire_day: Option<i64>,
    /// Purchases that were returned for nothing, by year.
    pub five_day: BTreeMap<i64, usize>,
    pub pending_refunds: Vec<refunds::Pending>,
    /// An external cloud delivers what it buys.
    pub is_external: bool,
    pub tasks: Vec<cloud::Task>,
    /// Sets, by their primary resources, that went on in their lives later than at the instants that are told.
    pub late: Vec<(Secs, usize)>,
}

impl Customer {
    pub fn new(domain: String, key: Key, site: Site) -> Self {
        Self {
            domain,
            key,
            cash: 0,
            bonus: None,
            credit: Vec::new(),
            debts: Vec::new(),
            frozen: None,
            discounts: Vec::new(),
            coupons: Vec::new(),
            purses: Vec::new(),
            orders: Vec::new(),
            groups: Vec::new(),
            resources: Vec::new(),
            on_demand: Vec::new(),
            site,
            tier: 0,
            days_before: None,
            expire_day: None,
            five_day: BTreeMap::new(),
            pending_refunds: Vec::new(),
            is_external: false,
            tasks: Vec::new(),
            late: Vec::new(),
        }
    }

    /// The orders that are paid and cancelled with this one.
    pub fn together(&self, order: usize) -> Vec<usize> {
        match self.orders[order].group {
            Some(group) => self.groups[group].orders.clone(),
            None => vec![order],
        }
    }

    /// Runs what falls due until an instant, in order: each due instant with what it is about.
    pub fn advance(&mut self, to: Secs) -> Vec<Fallen> {
        let mut fallen = Vec::new();
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= to) {
            self.late.clear();
            fallen.push(self.fall_due(at, due));
            // What the system renews in retention may be for a term that is over, too.
            let late = self.late.drain(..).map(|(at, primary)| (at, Subject::Resource(primary)));
            fallen.extend(late.map(|(at, subject)| Fallen { at, job: "subscriptions.live", subject }));
        }
        fallen
    }

    /// What falls due next.
    pub fn next_due(&self) -> Option<(Secs, Due)> {
        let unpaid = self.orders.iter().enumerate().filter(|(_, order)| order.status == status::PENDING);
        let unpaid = unpaid.filter_map(|(number, order)| Some((order.until?, Due::Unpaid(number))));
        let credit = self.credit.iter().enumerate().filter(|(_, line)| line.left > 0);
        let credit = credit.filter_map(|(number, line)| Some((line.expires?, Due::Credit(number))));
        let resources = if features().live { self.resources.len() } else { 0 };
        let primary = |number: usize| self.resources[number].parent.unwrap_or(number);
        let live = (0..resources).filter_map(|number| Some((self.due(number)?, Due::Live(primary(number)))));
        let renew = self
            .resources
            .iter()
            .enumerate()
            .filter(|(_, one)| features().auto_renew && one.parent.is_none());
        let renew = renew.filter_map(|(number, one)| Some((one.renew_at?, Due::Renew(number))));
        let used = self.used_until().map(|(at, used)| (at, Due::Used(used)));
        unpaid
            .chain(credit)
            .chain(live)
            .chain(renew)
            .chain(used)
            .min_by_key(|(at, due)| (*at, due.rank(self)))
    }

    fn fall_due(&mut self, at: Secs, due: Due) -> Fallen {
        let (job, subject) = match due {
            Due::Unpaid(order) => {
                self.cancel(order);
                ("orders.cancel_unpaid", Subject::Order(order))
            }
            Due::Credit(line) => {
                self.credit[line].left = 0;
                ("accounts.expire_credit", Subject::Credit(line))
            }
            Due::Live(primary) => {
                self.live_together(primary, at);
                ("subscriptions.live", Subject::Resource(primary))
            }
            Due::Used(primary) => {
                self.end_used(primary, at);
                ("subscriptions.live_on_demand", Subject::Used(primary))
            }
            Due::Renew(primary) => {
                self.attempt(primary, at);
                ("subscriptions.renew", Subject::Resource(primary))
            }
        };
        Fallen { at, job, subject }
    }
}

/// Operations that the application may not have yet.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    pub renew: bool,
    pub unsubscribe: bool,
    pub auto_renew: bool,
    pub live: bool,
    pub approve: bool,
}

/// What the application has.
pub fn features() -> Features {
    static KNOWN: std::sync::OnceLock<Features> = std::sync::OnceLock::new();
    let has = crate::world::has_operation;
    *KNOWN.get_or_init(|| Features {
        renew: has("RenewalResources"),
        unsubscribe: has("CancelResourcesSubscription"),
        auto_renew: has("AutoRenewalResources"),
        live: has("UpdatePeriodToOnDemand"),
        approve: has("ApproveOrder"),
    })
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// An order that nobody paid.
    Unpaid(usize),
    /// A credit line.
    Credit(usize),
    /// A set, by its primary resource, that goes on in its life.
    Live(usize),
    /// A primary resource that is renewed by the system.
    Renew(usize),
    /// A set that is billed by use, by its primary resource, that was held for too long.
    Used(usize),
}

impl Due {
    /// Which comes first at one instant: the jobs in their order, and of a job by the ids of what is due.
    fn rank(self, customer: &Customer) -> (u8, &str) {
        match self {
            Self::Credit(number) => (0, &customer.credit[number].id),
            Self::Unpaid(number) => (1, &customer.orders[number].id),
            Self::Live(number) => (3, &customer.resources[number].own_id),
            Self::Used(number) => (4, &customer.on_demand[number].own_id),
            Self::Renew(number) => (2, &customer.resources[number].own_id),
        }
    }
}

/// What a job ran for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Order(usize),
    Credit(usize),
    Resource(usize),
    Used(usize),
}

/// A run of a job.
#[derive(Clone, Debug)]
pub struct Fallen {
    pub at: Secs,
    pub job: &'static str,
    pub subject: Subject,
}

impl Fallen {
    /// The subject as the application names it.
    pub fn subject(&self, customer: &Customer) -> String {
        match self.subject {
            Subject::Order(order) => customer.orders[order].id.clone(),
            Subject::Used(used) => customer.on_demand[used].own_id.clone(),
            Subject::Resource(resource) => customer.resources[resource].own_id.clone(),
            Subject::Credit(line) => format!("{}/{}", customer.domain, customer.credit[line].id),
        }
    }
}
