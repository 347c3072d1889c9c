//! Whether what the application did is what the model says.

use serde_json::Value;

use crate::calendar::{Secs, text};
use crate::model::deeds::{Answer, INSTANTLY};
use crate::world::Reply;

/// What is wrong, if anything is.
pub type Checked = Result<(), String>;

/// Jobs of the house that say nothing about a customer.
const HOUSEKEEPING: [&str; 3] =
    ["op.forget_idempotency_keys", "identity.delete_expired_tokens", "webhooks.delete_ended_notifications"];

/// Whether the jobs that ran are those that were due, each once and in the order of their instants.
pub fn compare_runs(mut wanted: Vec<(Secs, String)>, ran: &[Value], may_be_idle: bool) -> Checked {
    let mut found: Vec<(Secs, String)> = Vec::new();
    // A term that is renewed too late is over at once, at its end.
    let mut last = Secs::MIN;
    for one in ran {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        if HOUSEKEEPING.contains(&text("job")) {
            continue;
        }
        if text("outcome").starts_with("failed") {
            return Err(format!("a job failed: {one}"));
        }
        // Of two processes that run the same job one may find it done; and a credit line ends also where nothing of it
        // is left.
        if may_be_idle && text("outcome") == "no longer due" || text("outcome") == "0 expired" {
            continue;
        }
        let at = crate::calendar::parse(text("at"));
        let is_late = text("job") == "subscriptions.live";
        if at < last && !may_be_idle && !is_late {
            return Err(format!("a job ran out of order: {one}"));
        }
        last = last.max(at);
        found.push((at, format!("{} {}", text("job"), text("subject"))));
    }
    found.sort();
    wanted.sort();
    if found == wanted {
        return Ok(());
    }
    let missing: Vec<_> =
        wanted.iter().filter(|one| !found.contains(one)).map(|(at, what)| (text(*at), what)).collect();
    let extra: Vec<_> =
        found.iter().filter(|one| !wanted.contains(one)).map(|(at, what)| (text(*at), what)).collect();
    Err(format!("jobs that did not run: {missing:?}; jobs that should not have: {extra:?}"))
}

/// Whether a request was answered as the model says.
pub fn answered(wanted: &Answer, reply: &Reply) -> Checked {
    let unpaid = reply.body["payment_error"]["error_code"].as_str();
    let unpaid = unpaid.or(reply.body[INSTANTLY][0]["error_code"].as_str());
    if reply.status == wanted.status && reply.code() == wanted.code && unpaid == wanted.unpaid {
        return Ok(());
    }
    Err(format!(
        "model {} {:?} unpaid {:?}, answer {} {}",
        wanted.status, wanted.code, wanted.unpaid, reply.status, reply.body
    ))
}

/// Every order of so many things.
pub fn orders_of(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for shorter in orders_of(count - 1) {
        for place in 0..count {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            orders.push(order);
        }
    }
    orders
}
