//! What an unsubscription gives back of the charges of a resource: decided by values, nothing is read or changed here.
//!
//! ```text
//!  purchase ├──────────────┤               running: what is not used, less the fee
//!  renewal                 ├───────────┤   to come: all of it
//!  upgrade         ├───────────────────┤   what lies beyond the running term: all of it; the rest as the running term
//! ```
//!
//! What was collected for a term that is over stays where it is. Of an upgrade the part of renewed terms goes back by
//! hours; so giving back renewed terms first and the resource then comes to the same as giving back everything.
//!
//! A cheaper specification has split the term in which it came: what was used up by then stays, what is left of the rest
//! is settled by the hours of the rest, and the fee is one of what was paid for the whole and did not go back. That of an
//! upgrade is by what the term costs in which it began: its length, and the years since its begin.

use domain::calendar::Instant;
use domain::money::Charge;
use domain::promotion::{Modifier, ModifierType};
use domain::site::SiteProfile;
use domain::subscription::refund::{HandlingFee, Period, RefundError, Settled, Whole, is_within_five_days};

use super::Scope;
use crate::orders::service::{ReturnPart, Share};
use crate::subscriptions::store::charges::{ChargeKind, ResourceCharge};

/// How an unsubscription looks at the charges of a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) scope: Scope,
    pub(super) now: Instant,
    pub(super) site: &'a SiteProfile,
    /// It is returned within five days, and counts against the quota of the year (rule 2.2).
    pub(super) is_free: bool,
    /// Whether the handling fee of the site is due for what has begun.
    pub(super) fee: HandlingFee,
}

/// Whether it was bought so short a time ago that it may be returned for nothing; whether the site knows that and the
/// quota suffices is asked elsewhere. Renewals and conversions are no purchases, so the term that was bought has still to
/// run; what was a trial before it became commercial was not bought, however recent the trial.
pub(super) fn is_new(charges: &[ResourceCharge], now: Instant) -> bool {
    charges.first().is_some_and(|first| {
        first.kind == ChargeKind::Purchase
            && charges.iter().all(|charge| charge.kind != ChargeKind::Commercial)
            && charges.iter().any(|charge| charge.is_part_of(first) && charge.ends_at > now)
            && first.begins_at <= now
            && is_within_five_days(first.begins_at, now)
    })
}

/// The end of the last term that has begun, or of the first where none has: what was bought is no renewed term. `None`:
/// nothing was collected.
pub(super) fn end_of_begun(charges: &[ResourceCharge], now: Instant) -> Option<Instant> {
    let terms = || charges.iter().filter(|charge| is_term(charge));
    let begun = terms().filter(|charge| charge.begins_at <= now).map(|charge| charge.ends_at).max();
    begun.or_else(|| terms().next().map(|first| first.ends_at))
}

fn is_term(charge: &ResourceCharge) -> bool {
    charge.kind != ChargeKind::Upgrade
}

/// What goes back of each charge that something is left of.
pub(super) fn parts(charges: &[ResourceCharge], terms: &Terms<'_>) -> Result<Vec<ReturnPart>, RefundError> {
    let Some(running_until) = end_of_begun(charges, terms.now) else { return Ok(Vec::new()) };
    let mut parts = Vec::new();
    for charge in charges.iter().filter(|charge| !charge.is_taken_back()) {
        let part = match terms.scope {
            Scope::RenewedTerms => of_renewed_terms(charge, running_until)?,
            Scope::Everything => of_everything(charge, charges, running_until, terms)?,
        };
        parts.extend(part);
    }
    Ok(parts)
}

/// What of a charge lies beyond the last term that stays.
fn of_renewed_terms(
    charge: &ResourceCharge,
    running_until: Instant,
) -> Result<Option<ReturnPart>, RefundError> {
    if charge.ends_at <= running_until {
        return Ok(None);
    }
    let back = match charge.begins_at >= running_until {
        true => whole(charge),
        false => split(charge, running_until)?.0,
    };
    Ok(Some(part(charge, back, NOTHING_KEPT)))
}

/// What goes back of a charge with its resource.
fn of_everything(
    charge: &ResourceCharge,
    charges: &[ResourceCharge],
    running_until: Instant,
    terms: &Terms<'_>,
) -> Result<Option<ReturnPart>, RefundError> {
    if charge.begins_at > terms.now {
        return Ok(Some(part(charge, whole(charge), NOTHING_KEPT)));
    }
    if charge.ends_at <= terms.now {
        // What is returned within five days goes back with what a change of specification had split off it.
        let runs = |other: &ResourceCharge| other.is_part_of(charge) && other.ends_at > terms.now;
        let goes_back = terms.is_free && charges.iter().any(runs);
        return Ok(goes_back.then(|| part(charge, whole(charge), NOTHING_KEPT)));
    }
    // A term that runs ends where the last begun one does, so only upgrades reach beyond.
    let until = running_until.min(charge.ends_at);
    let (beyond, begun) = split(charge, until)?;
    let (back, kept) = settle(charge, charges, (begun, until), terms)?;
    Ok(Some(part(charge, sum(beyond, back)?, kept)))
}

/// What is kept of a charge: used up, and the fee.
type Kept = (Charge, Charge);
const NOTHING_KEPT: Kept = (Charge::ZERO, Charge::ZERO);

fn part(charge: &ResourceCharge, back: Share, (consumed, fee): Kept) -> ReturnPart {
    ReturnPart { charge_no: charge.charge_no, base_order: charge.order.clone(), back, consumed, fee }
}

/// All that is left of a charge.
fn whole(charge: &ResourceCharge) -> Share {
    Share { money: charge.left(), benefits: charge.benefits.clone(), list: charge.list_left() }
}

/// What is left of a charge, by what lies beyond an instant and what lies before it.
fn split(charge: &ResourceCharge, until: Instant) -> Result<(Share, Share), RefundError> {
    let period = Period { term: charge.term, effective_at: charge.begins_at, expires_at: charge.ends_at };
    let all = whole(charge);
    let beyond = of_each(&all, |amount| Ok(period.part_after(amount, until)?))?;
    let before = |all: Charge, beyond: Charge| all.checked_sub(beyond).ok_or(domain::money::Overflow);
    let benefit = |own: &Modifier| {
        let of_it = beyond.benefits.iter().find(|one| one.kind == own.kind && one.source == own.source);
        let amount = before(own.amount, of_it.map_or(Charge::ZERO, |one| one.amount))?;
        Ok(Modifier { amount, ..own.clone() })
    };
    let begun = Share {
        money: before(all.money, beyond.money)?,
        benefits: all.benefits.iter().map(benefit).collect::<Result<_, RefundError>>()?,
        list: before(all.list, beyond.list)?,
    };
    Ok((beyond, begun))
}

/// A share of each amount of a share; benefits of which nothing is left are left out.
fn of_each(share: &Share, of: impl Fn(Charge) -> Result<Charge, RefundError>) -> Result<Share, RefundError> {
    let benefit = |own: &Modifier| Ok(Modifier { amount: of(own.amount)?, ..own.clone() });
    let mut benefits = share.benefits.iter().map(benefit).collect::<Result<Vec<_>, RefundError>>()?;
    benefits.retain(|benefit| !benefit.amount.is_zero());
    Ok(Share { money: of(share.money)?, benefits, list: of(share.list)? })
}

/// What goes back of a period that has begun (rules 2.1, 2.3). The fee is one of what balances paid; flexi-purchase
/// coupons and cards get back what is not used, cash coupons nothing.
fn settle(
    charge: &ResourceCharge,
    charges: &[ResourceCharge],
    (begun, until): (Share, Instant),
    terms: &Terms<'_>,
) -> Result<(Share, Kept), RefundError> {
    if terms.is_free {
        return Ok((begun, NOTHING_KEPT));
    }
    let period = Period { term: charge.term, effective_at: charge.begins_at, expires_at: until };
    let unused = |amount| period.left_of(amount, terms.now, terms.site);
    let Settled { consumed, fee, refund } = period.settle_of(
        of_whole(charge, charges, begun.money)?,
        begun.money,
        terms.now,
        terms.site,
        terms.fee,
    )?;
    let mut back = of_each(&begun, unused)?;
    back.money = refund;
    back.benefits.retain(|benefit| benefit.kind != ModifierType::CashCoupon);
    Ok((back, (consumed, fee)))
}

/// What a charge was before changes of specification had split it; so much of what is left of itself counts.
fn of_whole(charge: &ResourceCharge, charges: &[ResourceCharge], own: Charge) -> Result<Whole, RefundError> {
    let mut paid = own;
    let is_before = |other: &&ResourceCharge| other.is_part_of(charge) && other.charge_no < charge.charge_no;
    for before in charges.iter().filter(is_before) {
        paid = paid.checked_add(before.left()).ok_or(domain::money::Overflow)?;
    }
    let mut of = charge;
    let mut effective_at = begin_of(charge, charges);
    if !is_term(charge) {
        let has_it = |term: &&ResourceCharge| {
            is_term(term) && term.begins_at <= effective_at && effective_at < term.ends_at
        };
        if let Some(term) = charges.iter().find(has_it) {
            of = term;
            effective_at = begin_of(term, charges);
        }
    }
    Ok(Whole { term: of.term, effective_at, paid })
}

/// When the period of a charge began, whatever has split it.
fn begin_of(charge: &ResourceCharge, charges: &[ResourceCharge]) -> Instant {
    let parts = charges.iter().filter(|other| other.is_part_of(charge));
    parts.map(|part| part.begins_at).min().unwrap_or(charge.begins_at)
}

fn sum(one: Share, other: Share) -> Result<Share, RefundError> {
    let add = |one: Charge, other: Charge| one.checked_add(other).ok_or(domain::money::Overflow);
    let benefits = domain::promotion::sum_modifiers(one.benefits.iter().chain(&other.benefits));
    Ok(Share {
        money: add(one.money, other.money)?,
        benefits: benefits.ok_or(domain::money::Overflow)?,
        list: add(one.list, other.list)?,
    })
}
