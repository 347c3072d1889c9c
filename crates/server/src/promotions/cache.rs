//! Discounts in memory, so that a price inquiry reads no table.
//!
//! The row `discounts` of `versions` counts every change (one granted, one withdrawn, a reset), raised in the
//! change's own transaction, and memory knows the version of its content:
//!
//! - a newer version empties memory: by the hook after the commit in this process (before the change is answered),
//!   by [`super::service::refresh`] in the others, at most a second later. For that second they quote, and take,
//!   a discount that was withdrawn elsewhere, as identity admits a key that was disabled elsewhere;
//! - what is read is kept only where it is of committed rows: from a snapshot whose version is not older than
//!   memory's, or, in a writing transaction (which may see a neighbour's rows that never become durable), where the
//!   version it saw is exactly memory's, which was committed when memory learned of it.
//!
//! Accounts without discounts are kept as well: most have none, and they too must not cost a statement.

use std::collections::HashMap;
use std::sync::Arc;

use domain::promotion::Discount;
use parking_lot::RwLock;

/// Most accounts in memory; a full map starts again from empty, which costs each account one read.
const ACCOUNTS_MAX: usize = 200_000;

/// Discounts by account.
pub type Discounts = Arc<Vec<Discount>>;

#[derive(Default)]
struct Kept {
    version: i64,
    by_owner: HashMap<String, Discounts>,
}

/// Discounts in memory.
#[derive(Default)]
pub struct Cache {
    kept: RwLock<Kept>,
}

impl Cache {
    /// Learns that `version` is committed; a newer one than memory's empties it.
    pub fn see(&self, version: i64) {
        if self.kept.read().version < version {
            let mut kept = self.kept.write();
            if kept.version < version {
                *kept = Kept { version, by_owner: HashMap::new() };
            }
        }
    }

    /// The discounts of an account, where they are known.
    pub fn find(&self, owner: &str) -> Option<Discounts> {
        self.kept.read().by_owner.get(owner).cloned()
    }

    /// Keeps what was read at `version`; `is_committed`: from a snapshot of committed rows.
    pub fn keep(&self, version: i64, is_committed: bool, owner: &str, discounts: Discounts) {
        if is_committed {
            self.see(version);
        }
        let mut kept = self.kept.write();
        if kept.version != version {
            return;
        }
        if kept.by_owner.len() >= ACCOUNTS_MAX {
            kept.by_owner.clear();
        }
        kept.by_owner.insert(owner.to_owned(), discounts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_empties_memory_and_an_older_snapshot_is_not_kept() {
        let cache = Cache::default();
        cache.keep(3, true, "a", Discounts::default());
        assert!(cache.find("a").is_some());
        cache.see(2);
        assert!(cache.find("a").is_some());
        cache.see(4);
        assert!(cache.find("a").is_none());
        cache.keep(3, true, "a", Discounts::default());
        assert!(cache.find("a").is_none());
    }

    #[test]
    fn what_a_writer_saw_is_kept_only_at_a_version_that_is_known_to_be_committed() {
        let cache = Cache::default();
        cache.see(3);
        cache.keep(4, false, "a", Discounts::default());
        assert!(cache.find("a").is_none());
        cache.keep(3, false, "a", Discounts::default());
        assert!(cache.find("a").is_some());
    }
}
