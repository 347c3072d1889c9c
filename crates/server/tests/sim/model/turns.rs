//! A resource becomes another, or is paid otherwise: the requests, and what the model says comes of them.

use domain::site::Site;
use serde_json::{Value, json};

use super::Customer;
use super::deeds::{Answer, Made, Request};
use super::reductions::Code;
use crate::calendar::{Secs, Term};
use crate::goods::GOODS;

/// What is asked for; things are named by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A resource gets another specification, or size.
    Change { resource: usize, good: usize, size: i64, auto_pay: bool },
    /// A trial becomes commercial.
    Commercial { resource: usize, good: usize, term: Term, auto_pay: bool, auto_renew: bool },
    /// The cloud has a pay-per-use resource; `serial` makes it different from others.
    Register { good: usize, size: i64, serial: usize },
    /// A pay-per-use resource is gone.
    Release { used: usize },
    /// A pay-per-use resource becomes yearly/monthly.
    ToPeriod { used: usize, term: Term, auto_pay: bool, auto_renew: bool },
    /// A primary resource turns pay-per-use at once.
    Instantly { resource: usize },
}

const USED: &str = "/openbss/v1/on-demand-resources";

fn name(serial: usize) -> String {
    format!("u{serial}")
}

/// The order that was placed, and why it was not paid although that was asked for.
pub type Placed = Result<(usize, Option<Code>), Code>;

fn own(method: &'static str, path: String, body: Value) -> Request {
    Request { is_operators: false, method, path, body }
}

/// The fields that name what a resource is to become.
fn target(good: usize, size: i64) -> Value {
    let good = &GOODS[good];
    let mut body = json!({"resource_spec": good.spec});
    if let Some(measure) = good.measure {
        body["resource_size"] = json!(size);
        body["size_measure_id"] = json!(measure);
    }
    body
}

fn with_term(mut body: Value, term: Term, auto_pay: bool, auto_renew: bool) -> Value {
    let (period_type, period_num) = term.wire();
    body["period_type"] = json!(period_type);
    body["period_num"] = json!(period_num);
    body["auto_pay"] = json!(auto_pay);
    body["auto_renew"] = json!(auto_renew);
    body
}

fn placed(placed: Placed) -> Answer {
    match placed {
        Ok((order, unpaid)) => Answer { unpaid, ..Answer::made(Made::Order(order)) },
        Err(code) => Answer::of(Err(code), 201),
    }
}

impl Turn {
    /// Whether it is about things that this customer has.
    pub fn is_possible(&self, customer: &Customer) -> bool {
        match self {
            // They wait for the report of the cloud, which is not modelled.
            Self::Change { .. } | Self::Commercial { .. } if customer.is_external => false,
            Self::Change { resource, good, .. } | Self::Commercial { resource, good, .. } => {
                let one = customer.resources.get(*resource).filter(|one| !one.id.is_empty());
                one.is_some_and(|one| !one.is_uneven && GOODS[*good].is_like(&GOODS[one.good]))
            }
            Self::Register { .. } => true,
            Self::Release { used } | Self::ToPeriod { used, .. } => *used < customer.on_demand.len(),
            Self::Instantly { resource } => {
                let is_uneven = |one: usize| customer.resources[one].is_uneven;
                let is_there = customer.is_named(*resource);
                is_there
                    && customer.site == Site::Cn
                    && !customer.set_of(*resource).into_iter().any(is_uneven)
            }
        }
    }

    /// The request.
    pub fn request(&self, customer: &Customer) -> Request {
        let of = |resource: &usize, what: &str| {
            format!("/openbss/v1/resources/{}/{what}", customer.resources[*resource].id)
        };
        match self {
            Self::Change { resource, good, size, auto_pay } => {
                let mut body = target(*good, *size);
                body["auto_pay"] = json!(auto_pay);
                own("POST", of(resource, "change"), body)
            }
            Self::Commercial { resource, good, term, auto_pay, auto_renew } => {
                let body = with_term(target(*good, 1), *term, *auto_pay, *auto_renew);
                own("POST", of(resource, "to-commercial"), body)
            }
            Self::Register { good, size, serial } => {
                let mut body = GOODS[*good].named(*size);
                body["customer_id"] = json!(customer.domain);
                body["resource_id"] = json!(format!("used-{serial}"));
                body["resource_name"] = json!(name(*serial));
                Request { is_operators: true, ..own("POST", USED.to_owned(), body) }
            }
            Self::Release { used } => {
                let path = format!("{USED}/{}", customer.on_demand[*used].own_id);
                Request { is_operators: true, ..own("DELETE", path, Value::Null) }
            }
            Self::ToPeriod { used, term, auto_pay, auto_renew } => {
                let path = format!("{USED}/{}/to-period", customer.on_demand[*used].own_id);
                own("POST", path, with_term(json!({}), *term, *auto_pay, *auto_renew))
            }
            Self::Instantly { resource } => {
                let path = "/v2/orders/subscriptions/resources/to-on-demand/instantly";
                let body = json!({"resource_ids": [customer.resources[*resource].id]});
                own("POST", path.to_owned(), body)
            }
        }
    }

    /// What comes of it.
    pub fn change(&self, customer: &mut Customer, now: Secs) -> Answer {
        match self {
            Self::Change { resource, good, size, auto_pay } => {
                placed(customer.change_to(*resource, (*good, *size), *auto_pay, now))
            }
            Self::Commercial { resource, good, term, auto_pay, auto_renew } => {
                placed(customer.make_commercial(*resource, *good, *term, (*auto_pay, *auto_renew), now))
            }
            Self::Register { good, size, serial } => {
                Answer::made(Made::OnDemand(customer.register_on_demand(*good, *size, &name(*serial), now)))
            }
            Self::Release { used } => Answer::of(customer.release_on_demand(*used), 204),
            Self::ToPeriod { used, term, auto_pay, auto_renew } => {
                placed(customer.turn_yearly(*used, *term, (*auto_pay, *auto_renew), now))
            }
            Self::Instantly { resource } => match customer.turn_on_demand(*resource, now) {
                Ok(Ok(order)) => Answer { made: Made::Order(order), ..Answer::done(200) },
                Ok(Err(code)) => Answer { unpaid: Some(code), ..Answer::done(200) },
                Err(code) => Answer::of(Err(code), 200),
            },
        }
    }
}

impl Customer {
    /// Pays an order that was just placed, where that is asked for or where it costs nothing; answers why it could not
    /// be.
    pub fn pay_placed(
        &mut self,
        order: usize,
        auto_pay: bool,
        promotion: Option<usize>,
        now: Secs,
    ) -> Option<Code> {
        if !auto_pay && self.orders[order].payable() > 0 {
            return None;
        }
        let mut paid = self.clone();
        let chosen =
            if auto_pay { paid.choose(&[order], (None, None), promotion, now) } else { (None, None) };
        let purses = if auto_pay { paid.choose_purses(&[order], chosen, now) } else { Vec::new() };
        match paid.pay_by(&[order], chosen, &purses, now) {
            Ok(()) => {
                *self = paid;
                None
            }
            Err(code) => Some(code),
        }
    }
}
