//! Request limits (`rules.md` 0.4): a bucket for each source address, operation and account.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Limit, Spec};

/// Whose bucket: address and account (a zero hash before the account is known).
type Key = (IpAddr, u64);

/// How many requests of one address a second, before anything is known of the caller: guards the door against
/// floods of unsigned requests. Far above every published limit.
const ADDRESS_PER_SECOND: u32 = 2_000;
/// After how many requests buckets that are full again are forgotten.
const SWEEP_EVERY: u64 = 10_000;

/// The limits of one server.
pub struct Limits {
    by_operation: Vec<Option<DefaultKeyedRateLimiter<Key>>>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    seen: std::sync::atomic::AtomicU64,
}

fn quota(per_second: u32) -> Quota {
    Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN))
}

impl Limits {
    /// Limits for the operations in registered order: the declared ones, but for those that `rates` names by
    /// operation id (requests a second). Fails on a name that is no operation's, and on zero.
    pub fn new<'a>(
        specs: impl Iterator<Item = &'a Spec>,
        rates: &BTreeMap<String, u32>,
    ) -> Result<Self, String> {
        let mut unknown: BTreeMap<&str, u32> = rates.iter().map(|(id, rate)| (id.as_str(), *rate)).collect();
        if let Some((id, _)) = rates.iter().find(|(_, rate)| **rate == 0) {
            return Err(format!("limits.per_second: {id} must be at least 1"));
        }
        let limiter = |spec: &Spec| match (unknown.remove(spec.id), spec.limit) {
            (Some(rate), _) | (None, Limit::PerSecond(rate)) => Some(RateLimiter::keyed(quota(rate))),
            (None, Limit::None) => None,
        };
        let by_operation = specs.map(limiter).collect();
        if let Some(id) = unknown.keys().next() {
            return Err(format!("limits.per_second: there is no operation {id}"));
        }
        Ok(Self {
            by_operation,
            by_address: RateLimiter::keyed(quota(ADDRESS_PER_SECOND)),
            seen: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// Whether a request of `address` may be looked at.
    pub fn admits_address(&self, address: IpAddr) -> bool {
        self.sweep();
        self.by_address.check_key(&address).is_ok()
    }

    /// Whether `account` may call the operation with this number from `address` now.
    pub fn admits(&self, operation: usize, address: IpAddr, account: &str) -> bool {
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(account);
        match self.by_operation.get(operation) {
            Some(Some(limiter)) => limiter.check_key(&(address, hash)).is_ok(),
            Some(None) | None => true,
        }
    }

    /// Forgets full buckets now and then, so that memory does not grow with the addresses ever seen.
    fn sweep(&self) {
        let seen = self.seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if seen % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.by_address.retain_recent();
            self.by_operation.iter().flatten().for_each(DefaultKeyedRateLimiter::retain_recent);
        }
    }
}
