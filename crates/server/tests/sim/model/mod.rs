//! The reference model: what a customer must have after each request, written from the rulebook and not from the code
//! under test. It is slow and plain: seconds and cents in 64 bits, lists that are searched, one customer at a time.
//!
//! A deed changes a customer and says how it must be answered. Ids are the application's to choose: orders, coupons,
//! discounts and resources have numbers here, and the id is noted when the application tells it.

pub mod adjusting;
pub mod buying;
pub mod changes;
pub mod config;
pub mod deeds;
pub mod facts;
pub mod funds;
pub mod further;
pub mod holds;
pub mod life;
pub mod on_demand;
pub mod reductions;
pub mod refunds;
pub mod trials;
pub mod turns;

use std::collections::BTreeMap;

use domain::site::Site;

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
            effective: None,
            expires: None,
            resources: Vec::new(),
            fee: 0,
            consumed: 0,
        }
    }

    /// What balances pay.
    pub fn payable(&self) -> i64 {
        self.list - self.adjusted - self.discount - self.coupon
    }
}

/// Statuses of an order.
pub mod status {
    pub const APPROVAL: i64 = 1;
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

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    pub id: String,
    /// The application's own id of it.
    pub own_id: String,
    /// The order that made it.
    pub order: usize,
    pub good: usize,
    pub size: i64,
    pub name: String,
    /// The primary one that it is attached to.
    pub parent: Option<usize>,
    pub term: Term,
    pub status: i64,
    pub policy: i64,
    pub effective: Secs,
    pub expires: Secs,
    pub grace_until: Option<Secs>,
    pub retained_until: Option<Secs>,
    /// When the system tries to renew it next, and how often it still does so; none: without end.
    pub renew_at: Option<Secs>,
    pub times: Option<i64>,
    /// Since when it is held because its account is frozen with its resources.
    pub held_at: Option<Secs>,
    /// It is frozen for security.
    pub is_secured: bool,
    /// The order that it waits for.
    pub lock: Option<usize>,
    pub charges: Vec<Charge>,
    /// Its share of the line that made it is not the same as its sisters'.
    pub is_uneven: bool,
    pub is_trial: bool,
}

impl Resource {
    /// What a line makes, for the term that a charge is for.
    pub fn new(order: usize, line: &Line, charge: Charge) -> Self {
        Self {
            id: String::new(),
            own_id: String::new(),
            order,
            good: line.good,
            size: line.size,
            name: line.name.clone(),
            parent: None,
            term: line.term,
            status: life::IN_USE,
            policy: 0,
            effective: charge.begins,
            expires: charge.ends,
            grace_until: None,
            retained_until: None,
            renew_at: None,
            times: None,
            held_at: None,
            is_secured: false,
            lock: None,
            charges: vec![charge],
            is_uneven: false,
            is_trial: crate::goods::GOODS[line.good].is_trial(),
        }
    }
}

/// What was collected for a period of a resource.
#[derive(Clone, Debug)]
pub struct Charge {
    pub order: usize,
    pub line: usize,
    pub term: Term,
    pub begins: Secs,
    pub ends: Secs,
    /// The list price, what balances paid, and what a coupon paid and did not get back.
    pub list: i64,
    pub money: i64,
    pub coupon: i64,
    /// What of the list price and of the money went back.
    pub back_list: i64,
    pub back: i64,
    pub is_purchase: bool,
    /// It is for a dearer specification, beside the terms.
    pub is_upgrade: bool,
}

impl Charge {
    /// Of a line about one resource.
    pub fn of(order: usize, at: usize, line: &Line, begins: Secs, ends: Secs) -> Self {
        Self {
            order,
            line: at,
            term: line.term,
            begins,
            ends,
            list: line.list,
            money: line.payable(),
            coupon: line.coupon,
            back_list: 0,
            back: 0,
            is_purchase: false,
            is_upgrade: false,
        }
    }

    /// Its period was taken back before it began.
    pub fn is_gone(&self) -> bool {
        self.ends <= self.begins
    }

    /// What of the money did not go back.
    pub fn left(&self) -> i64 {
        self.money - self.back
    }

    /// Another part of what one line collected, or the same.
    pub fn is_part_of(&self, other: &Self) -> bool {
        (self.order, self.line) == (other.order, other.line)
    }
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
            fallen.push(self.fall_due(at, due));
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
        let used = (0..self.on_demand.len()).filter_map(|number| {
            let primary = self.on_demand[number].parent.unwrap_or(number);
            Some((self.deleted_at(number)?, Due::Delete(primary)))
        });
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
                self.keep_together(primary, at);
                for number in self.set_of(primary) {
                    if self.due(number).is_some_and(|due| due <= at) {
                        self.live(number, at);
                    }
                }
                ("subscriptions.live", Subject::Resource(primary))
            }
            Due::Delete(primary) => {
                self.delete_held(primary, at);
                ("subscriptions.live_on_demand", Subject::OnDemand(primary))
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
    /// A pay-per-use set, by its primary resource, whose account has been frozen for too long.
    Delete(usize),
}

impl Due {
    /// Which comes first at one instant: the jobs in their order, and of a job by the ids of what is due.
    fn rank(self, customer: &Customer) -> (u8, &str) {
        match self {
            Self::Credit(number) => (0, &customer.credit[number].id),
            Self::Unpaid(number) => (1, &customer.orders[number].id),
            Self::Live(number) => (3, &customer.resources[number].own_id),
            Self::Renew(number) => (2, &customer.resources[number].own_id),
            Self::Delete(number) => (4, &customer.on_demand[number].own_id),
        }
    }
}

/// What a job ran for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Order(usize),
    Credit(usize),
    Resource(usize),
    OnDemand(usize),
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
            Subject::Resource(resource) => customer.resources[resource].own_id.clone(),
            Subject::OnDemand(used) => customer.on_demand[used].own_id.clone(),
            Subject::Credit(line) => format!("{}/{}", customer.domain, customer.credit[line].id),
        }
    }
}
