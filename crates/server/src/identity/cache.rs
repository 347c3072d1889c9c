//! Accounts, access keys and tokens in memory, so that a request is authenticated without a statement.
//!
//! The row `identity` of `versions` counts the changes that take something away or alter it (a key disabled, a
//! right changed); such a change raises it in its own transaction. Memory knows the version it was filled at:
//!
//! - what is read is kept only if it was read from committed rows together with a version that is not older than
//!   memory's, so a slow reader cannot bring back what was just taken away;
//! - a newer version empties memory: by the hook after the commit in this process (before the change is
//!   answered), by [`super::service::refresh`] in the others, at most a second later. The documents allow 30
//!   minutes (`rules.md` 12).
//!
//! Additions need no new version, because nothing is kept about what was not found.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use domain::calendar::Instant;
use parking_lot::{Mutex, RwLock};
use platform::op::{AccessKey, Principal};
use tokio::sync::Semaphore;

use super::service::Account;

/// Most entries of one kind in memory; a full map starts again from empty, which costs each key one read.
const ENTRIES_MAX: usize = 200_000;
/// Failed logins of one user from one address before it has to wait.
const FAILURES_MAX: u32 = 5;
/// How long failed logins count, in machine time.
const FAILURES_LIFE_MS: i64 = 15 * 60_000;
/// Most users and addresses whose failures are remembered.
const FAILING_MAX: usize = 50_000;
/// How many of them are forgotten at once where all are young, so that not every failure has to look through all.
const FORGOTTEN: usize = 5_000;
/// Passwords hashed at the same time: each takes 19 MiB and a core.
const HASHING_MAX: usize = 4;
/// Logins that may wait for their turn; more are answered 429.
const LOGINS_WAITING_MAX: usize = 256;

/// A token as memory keeps it.
#[derive(Debug, Clone)]
pub struct KnownToken {
    /// Its user.
    pub principal: Arc<Principal>,
    /// When it expires, by the commercial clock.
    pub expires_at: Instant,
}

#[derive(Default)]
struct Kept {
    version: i64,
    accounts: HashMap<String, Arc<Account>>,
    access_keys: HashMap<String, Arc<AccessKey>>,
    tokens: HashMap<String, KnownToken>,
}

impl Kept {
    fn empty_at(version: i64) -> Self {
        Self { version, ..Self::default() }
    }
}

/// Accounts, access keys and tokens in memory, and the failed logins of the last minutes.
pub struct Cache {
    kept: RwLock<Kept>,
    failures: Mutex<HashMap<(String, IpAddr), Failures>>,
    /// Turns for hashing passwords.
    pub(super) hashing: Semaphore,
    /// Places in the queue before them.
    pub(super) waiting: Semaphore,
}

struct Failures {
    count: u32,
    since_ms: i64,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            kept: RwLock::default(),
            failures: Mutex::default(),
            hashing: Semaphore::new(HASHING_MAX),
            waiting: Semaphore::new(LOGINS_WAITING_MAX),
        }
    }
}

impl Cache {
    /// Learns that `version` is committed; a newer one than memory's empties it.
    pub fn see(&self, version: i64) {
        if self.kept.read().version < version {
            let mut kept = self.kept.write();
            if kept.version < version {
                *kept = Kept::empty_at(version);
            }
        }
    }

    /// Forgets everything, as when the whole data folder is replaced.
    pub fn reset(&self) {
        *self.kept.write() = Kept::default();
        self.failures.lock().clear();
    }

    /// An account.
    pub fn account(&self, id: &str) -> Option<Arc<Account>> {
        self.kept.read().accounts.get(id).cloned()
    }

    /// An active access key.
    pub fn access_key(&self, access_key: &str) -> Option<Arc<AccessKey>> {
        self.kept.read().access_keys.get(access_key).cloned()
    }

    /// A token by its hash, expired or not.
    pub fn token(&self, hash: &str) -> Option<KnownToken> {
        self.kept.read().tokens.get(hash).cloned()
    }

    /// Keeps an account read from a snapshot of `version`.
    pub fn keep_account(&self, version: i64, account: Arc<Account>) {
        self.keep(version, |kept| put(&mut kept.accounts, account.id.clone(), account));
    }

    /// Keeps an access key read from a snapshot of `version`.
    pub fn keep_access_key(&self, version: i64, access_key: &str, key: Arc<AccessKey>) {
        self.keep(version, |kept| put(&mut kept.access_keys, access_key.to_owned(), key));
    }

    /// Keeps a token read from a snapshot of `version`.
    pub fn keep_token(&self, version: i64, hash: String, token: KnownToken) {
        self.keep(version, |kept| put(&mut kept.tokens, hash, token));
    }

    /// Forgets one token, once it is known to have expired.
    pub fn drop_token(&self, hash: &str) {
        self.kept.write().tokens.remove(hash);
    }

    fn keep(&self, version: i64, put: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept.write();
        if kept.version < version {
            *kept = Kept::empty_at(version);
        }
        // An older snapshot may hold what a committed change took away.
        if kept.version == version {
            put(&mut kept);
        }
    }

    /// Whether `user` may try to log in from `source` at machine time `now`.
    pub fn admits_login(&self, user: &str, source: IpAddr, now: Instant) -> bool {
        match self.failures.lock().get(&(user.to_owned(), source)) {
            Some(failures) if now.ms() - failures.since_ms < FAILURES_LIFE_MS => {
                failures.count < FAILURES_MAX
            }
            Some(_) | None => true,
        }
    }

    /// Counts a failed login.
    pub fn login_failed(&self, user: &str, source: IpAddr, now: Instant) {
        let mut failures = self.failures.lock();
        let who = (user.to_owned(), source);
        if failures.len() >= FAILING_MAX && !failures.contains_key(&who) {
            make_room(&mut failures, now);
        }
        let one = failures.entry(who).or_insert(Failures { count: 0, since_ms: now.ms() });
        if now.ms() - one.since_ms >= FAILURES_LIFE_MS {
            *one = Failures { count: 0, since_ms: now.ms() };
        }
        one.count += 1;
    }

    /// Forgets the failed logins of a user who has now logged in.
    pub fn login_succeeded(&self, user: &str, source: IpAddr) {
        self.failures.lock().remove(&(user.to_owned(), source));
    }
}

/// Forgets expired failures; where that is not enough the oldest, of users that still may log in before any that may
/// not: whoever fails under names of his own invention must not open a door that is closed.
fn make_room(failures: &mut HashMap<(String, IpAddr), Failures>, now: Instant) {
    failures.retain(|_, one| now.ms() - one.since_ms < FAILURES_LIFE_MS);
    if failures.len() < FAILING_MAX {
        return;
    }
    let mut ranks: Vec<_> =
        failures.iter().map(|(who, one)| ((one.count >= FAILURES_MAX, one.since_ms), who.clone())).collect();
    let (forgotten, _, _) = ranks.select_nth_unstable(FORGOTTEN);
    for (_, who) in forgotten {
        failures.remove(who);
    }
}

fn put<K: Eq + Hash + Borrow<str>, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= ENTRIES_MAX {
        map.clear();
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use domain::money::Currency;
    use platform::op::AccountKind;

    use super::*;

    fn account(name: &str) -> Arc<Account> {
        Arc::new(Account {
            id: "1".to_owned(),
            name: name.to_owned(),
            kind: AccountKind::Customer,
            partner_id: None,
            association_type: None,
            has_direct_customers: false,
            master_id: None,
            accounting: None,
            currency: Currency::Usd,
            frozen: 0,
            country: None,
            created_at: Instant::from_ms(0),
            tier: domain::site::Tier::V0,
            email: None,
        })
    }

    fn name(cache: &Cache) -> Option<String> {
        cache.account("1").map(|account| account.name.clone())
    }

    #[test]
    fn what_an_older_snapshot_shows_is_not_kept() {
        let cache = Cache::default();
        cache.keep_account(3, account("three"));
        cache.keep_account(2, account("two"));
        assert_eq!(name(&cache).as_deref(), Some("three"));
        cache.see(4);
        cache.keep_account(3, account("three"));
        assert_eq!(name(&cache), None);
    }

    #[test]
    fn a_newer_version_empties_memory_and_an_older_one_does_not() {
        let cache = Cache::default();
        cache.keep_account(3, account("three"));
        cache.see(3);
        cache.see(2);
        assert!(name(&cache).is_some());
        cache.see(4);
        assert_eq!(name(&cache), None);
        cache.keep_account(5, account("five"));
        assert_eq!(name(&cache).as_deref(), Some("five"));
        cache.reset();
        assert_eq!(name(&cache), None);
    }

    #[test]
    fn five_failed_logins_close_the_door_for_a_quarter_of_an_hour() {
        let cache = Cache::default();
        let (here, there) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::BROADCAST));
        let start = Instant::from_ms(1_000_000);
        for _ in 0..5 {
            assert!(cache.admits_login("u", here, start));
            cache.login_failed("u", here, start);
        }
        assert!(!cache.admits_login("u", here, start));
        assert!(cache.admits_login("u", there, start));
        assert!(cache.admits_login("v", here, start));
        assert!(!cache.admits_login("u", here, start.plus_ms(FAILURES_LIFE_MS - 1)));
        assert!(cache.admits_login("u", here, start.plus_ms(FAILURES_LIFE_MS)));
        cache.login_failed("u", here, start.plus_ms(FAILURES_LIFE_MS));
        assert!(cache.admits_login("u", here, start.plus_ms(FAILURES_LIFE_MS)));
        cache.login_succeeded("u", here);
        assert!(cache.admits_login("u", here, start));
    }

    fn fail(cache: &Cache, user: &str, times: u32, at: i64) {
        for _ in 0..times {
            cache.login_failed(user, IpAddr::V4(Ipv4Addr::LOCALHOST), Instant::from_ms(at));
        }
    }

    fn is_admitted(cache: &Cache, user: &str, at: i64) -> bool {
        cache.admits_login(user, IpAddr::V4(Ipv4Addr::LOCALHOST), Instant::from_ms(at))
    }

    #[test]
    fn failures_under_invented_names_open_no_closed_door() {
        let cache = Cache::default();
        let later = 1_000_000;
        fail(&cache, "closed", FAILURES_MAX, 0);
        fail(&cache, "ajar", FAILURES_MAX - 1, 0);
        for number in 0..FAILING_MAX * 2 {
            fail(&cache, &format!("invented{number}"), 1, 1);
        }
        assert!(!is_admitted(&cache, "closed", 2));
        assert!(cache.failures.lock().len() <= FAILING_MAX);
        fail(&cache, "ajar", 1, 2);
        assert!(is_admitted(&cache, "ajar", 2), "the oldest of those that may still try is forgotten first");
        // Expired ones make room before any other.
        for number in 0..FAILING_MAX {
            fail(&cache, &format!("later{number}"), 1, later);
        }
        assert_eq!(cache.failures.lock().len(), FAILING_MAX, "nothing young was forgotten");
        assert!(is_admitted(&cache, "closed", later));
    }

    #[test]
    fn where_every_door_is_closed_the_oldest_is_forgotten_first() {
        let cache = Cache::default();
        for number in 0..=FAILING_MAX {
            let at = i64::try_from(number).unwrap();
            fail(&cache, &format!("u{number}"), FAILURES_MAX, at);
        }
        let now = i64::try_from(FAILING_MAX).unwrap();
        assert!(is_admitted(&cache, "u0", now));
        assert!(is_admitted(&cache, &format!("u{}", FORGOTTEN - 1), now));
        assert!(!is_admitted(&cache, &format!("u{FORGOTTEN}"), now));
        assert!(!is_admitted(&cache, &format!("u{FAILING_MAX}"), now));
    }
}
