//! Further deeds: what the operator and the settings of an account do beside buying, renewing and giving up.

use serde_json::json;

use super::Customer;
use super::cloud::{Of, REASON};
use super::deeds::{Answer, Deed, Made, Request};
use super::facts::money;
use super::purses::Purse;
use crate::calendar::Secs;

/// What is asked for, as [`super::deeds::Deed`] has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Further {
    /// The operator freezes a resource for security, or releases it.
    Secure { resource: usize, is_to_be: bool },
    /// The operator sets what an order is to cost before discounts.
    Adjust { order: usize, cents: i64 },
    /// The system is to renew so many days before the expiry.
    DeductionDay { days: i64 },
    /// Terms that the system renews are to end on this day of the month; -1: its last.
    ExpireDay { day: i64 },
    /// A flexi-purchase coupon or a stored-value card is issued.
    IssuePurse { is_card: bool, cents: i64, expires: Secs },
    /// An order is paid with such, too.
    PayWith { order: usize, discount: Option<usize>, purses: Vec<usize> },
    /// The cloud reports on a task.
    Report { task: usize, is_done: bool },
}

impl Further {
    /// Whether it is about things that this customer has.
    pub fn is_possible(&self, customer: &Customer) -> bool {
        match self {
            Self::Secure { resource, .. } => customer.is_named(*resource),
            Self::Adjust { order, .. } => *order < customer.orders.len(),
            Self::Report { task, .. } => customer.tasks.get(*task).is_some_and(|task| {
                // Of several of a line that do not cost the same nobody knows which is which.
                let is_uneven =
                    matches!(task.of, Of::Resource(resource) if customer.resources[resource].is_uneven);
                !task.id.is_empty() && !is_uneven
            }),
            Self::PayWith { order, discount, purses } => {
                *order < customer.orders.len()
                    && discount.is_none_or(|discount| discount < customer.discounts.len())
                    && purses.iter().all(|purse| *purse < customer.purses.len())
            }
            Self::DeductionDay { .. } | Self::ExpireDay { .. } | Self::IssuePurse { .. } => true,
        }
    }

    /// Whether what comes of it is shown at once, so that its place among others can be told.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::DeductionDay { .. } | Self::ExpireDay { .. })
    }

    /// The request.
    pub fn request(&self, customer: &Customer) -> Request {
        let by_operator = |path, body| Request { is_operators: true, method: "POST", path, body };
        let configured = |name: &str, value: i64| Request {
            is_operators: false,
            method: "POST",
            path: "/v2/orders/subscriptions/resources/renew/config".to_owned(),
            body: json!({"config_name": name, "config_value": value.to_string()}),
        };
        match self {
            Self::Secure { resource, is_to_be } => {
                let id = &customer.resources[*resource].id;
                match is_to_be {
                    true => by_operator(format!("{RESOURCES}/{id}/freeze"), json!({"reason": "simulation"})),
                    false => by_operator(format!("{RESOURCES}/{id}/unfreeze"), json!({})),
                }
            }
            Self::Adjust { order, cents } => {
                let path = format!("/openbss/v1/orders/{}/adjust", customer.orders[*order].id);
                by_operator(path, json!({"amount": money(*cents)}))
            }
            Self::Report { task, is_done } => {
                let (what, mut body) = match is_done {
                    true => ("provisioned", json!({})),
                    false => ("failed", json!({"reason": REASON})),
                };
                if let Some(name) = customer.cloud_name(*task).filter(|_| *is_done) {
                    body["resource_id"] = json!(name);
                }
                let task = &customer.tasks[*task];
                body["task_id"] = json!(task.id);
                by_operator(format!("{RESOURCES}/{}/{what}", customer.own_id(task)), body)
            }
            Self::IssuePurse { is_card, cents, expires } => {
                let path = if *is_card { "/openbss/v1/stored-value-cards" } else { "/openbss/v1/coupons" };
                let body = Purse::issued(&customer.domain, *is_card, *cents, *expires);
                by_operator(path.to_owned(), body)
            }
            Self::PayWith { order, discount, purses } => {
                let (order, discount) = (*order, *discount);
                let mut request =
                    Deed::Pay { order, is_part: false, discount, coupon: None }.request(customer);
                let named = |at: &usize| {
                    let purse = &customer.purses[*at];
                    json!({"id": purse.id, "type": if purse.is_card { 303 } else { 302 }})
                };
                request.body["use_coupon"] = json!("YES");
                request.body["coupon_infos"] = json!(purses.iter().map(named).collect::<Vec<_>>());
                request
            }
            Self::DeductionDay { days } => configured("DEDUCTION_DATE", *days),
            Self::ExpireDay { day } => configured("EXPIRE_DATE", *day),
        }
    }

    /// What comes of it.
    pub fn change(&self, customer: &mut Customer, now: Secs) -> Answer {
        // The documents answer a setting with a code, too.
        let set = Answer { code: Some("CBC.0000"), made: Made::Setting, ..Answer::done(200) };
        match self {
            Self::Secure { resource, is_to_be: true } => Answer::of(customer.secure(*resource, now), 200),
            Self::Secure { resource, is_to_be: false } => Answer::of(customer.release(*resource, now), 200),
            Self::Adjust { order, cents } => match customer.adjust(*order, *cents, now) {
                Ok(record) => Answer::made(Made::Order(record)),
                Err(code) => Answer::of(Err(code), 201),
            },
            Self::Report { task, is_done } => match customer.report(*task, *is_done, now) {
                Ok(refund) => Answer { made: Made::Refund(refund), ..Answer::done(200) },
                Err(code) => Answer::of(Err(code), 200),
            },
            Self::IssuePurse { is_card, cents, expires } => {
                let purse = Purse { id: String::new(), is_card: *is_card, left: *cents, expires: *expires };
                customer.purses.push(purse);
                Answer::made(Made::Purse(customer.purses.len() - 1))
            }
            Self::PayWith { order, discount, purses } => {
                Answer::of(customer.pay(*order, false, (*discount, None), purses, now), 204)
            }
            Self::DeductionDay { days } => {
                customer.deduct_before(*days, now);
                set
            }
            Self::ExpireDay { day } => {
                customer.expire_day = Some(*day);
                set
            }
        }
    }
}

const RESOURCES: &str = "/openbss/v1/resources";
