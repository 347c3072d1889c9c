//! Operations: one declaration each, one registry, one dispatch.
//!
//! An operation states, with no defaults, its method and path, who may call it, what right it needs, how it
//! touches the database, its audit event, its request limit and every documented error it can answer. Routing,
//! authorisation, throttling, idempotency, audit, OpenAPI and the contract tests all read that one `SPEC`.
//!
//! ```text
//! request id → route → limit by address → authenticate → authorise → limit by account → decode
//!   → begin → idempotency → run → audit row → commit (durable) → encode
//! ```
//!
//! Invariants: an answer to a write leaves only after the commit that covers it; a mutation's audit row and
//! idempotency record commit with it; a refused mutation is rolled back to its savepoint and its audit row
//! committed; a panic rolls back its own savepoint only. An operation sees no pool, no clock, no randomness.

pub mod code;
pub mod dispatch;
pub mod http;
pub mod keys;
pub mod limits;
pub mod metrics;
mod names;
pub mod node;
pub mod openapi;
pub mod output;
mod registry;
pub mod store;
pub mod wire;

use std::future::Future;
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::IdSource;
use domain::site::Site;

pub use code::{ApiError, Code, Language, door};
pub use output::{Answer, Json, Num, Output, Raw, WithHeader};
pub use registry::{Entry, Registry};
pub use wire::{Input, Refusal};

use crate::clock::Clock;
use crate::db::{Db, Tx};

/// HTTP methods that operations use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Reads a method's name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Delete].into_iter().find(|method| method.as_str() == text)
    }
}

/// The kind of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AccountKind {
    /// Runs the cloud.
    Operator,
    /// Buys and uses services.
    Customer,
    /// A partner with resellers, and possibly customers of its own.
    Distributor,
    /// A partner under a distributor.
    Reseller,
    /// A partner with customers of its own.
    SolutionProvider,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Operator, Self::Customer, Self::Distributor, Self::Reseller, Self::SolutionProvider];

    /// The kind's name in the own API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Customer => "customer",
            Self::Distributor => "distributor",
            Self::Reseller => "reseller",
            Self::SolutionProvider => "solution_provider",
        }
    }

    /// Reads a kind's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether this is a partner of any kind.
    pub fn is_partner(self) -> bool {
        matches!(self, Self::Distributor | Self::Reseller | Self::SolutionProvider)
    }
}

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    /// Anyone, without authentication.
    Anyone,
    /// Any authenticated account, for itself.
    Account,
    /// Accounts of this kind.
    Kind(AccountKind),
}

/// Customers only.
pub const CUSTOMER: &[Caller] = &[Caller::Kind(AccountKind::Customer)];
/// The operator only.
pub const OPERATOR: &[Caller] = &[Caller::Kind(AccountKind::Operator)];
/// Partners of every kind.
pub const PARTNER: &[Caller] = &[
    Caller::Kind(AccountKind::Distributor),
    Caller::Kind(AccountKind::Reseller),
    Caller::Kind(AccountKind::SolutionProvider),
];
/// Customers and partners.
pub const CUSTOMER_OR_PARTNER: &[Caller] = &[
    Caller::Kind(AccountKind::Customer),
    Caller::Kind(AccountKind::Distributor),
    Caller::Kind(AccountKind::Reseller),
    Caller::Kind(AccountKind::SolutionProvider),
];
/// Customers, partners and the operator.
pub const ACCOUNT: &[Caller] = &[Caller::Account];
/// The operator, and customers for themselves.
pub const OPERATOR_OR_CUSTOMER: &[Caller] =
    &[Caller::Kind(AccountKind::Operator), Caller::Kind(AccountKind::Customer)];
/// Anyone, without authentication.
pub const ANYONE: &[Caller] = &[Caller::Anyone];

/// What a user must be allowed to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Look at things.
    Read,
    /// Change things.
    Operate,
    /// Spend money.
    Pay,
}

impl Right {
    /// The bit of this right in [`Principal::rights`].
    pub const fn bit(self) -> i64 {
        match self {
            Self::Read => 1,
            Self::Operate => 2,
            Self::Pay => 4,
        }
    }
    /// All rights.
    pub const ALL: i64 = 7;
}

/// How an operation touches the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// One read-only transaction on a snapshot.
    Read,
    /// One durable transaction.
    Write,
    /// No transaction: served from memory, or it makes transactions of its own around slow work.
    Free,
}

/// What stands in the audit trail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audit {
    /// Nothing: a read.
    None,
    /// Resource type and event name (003 table 11-1; ours for the own API).
    Event(&'static str, &'static str),
}

/// How often an operation may be called (`rules.md` 0.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Requests a second for each source address, operation and account.
    PerSecond(u32),
    /// Not limited: probes of the machine.
    None,
}

/// The sites an operation exists on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sites {
    /// All three.
    All,
    /// China only.
    Cn,
    /// International and Europe.
    IntlEu,
}

impl Sites {
    /// Whether `site` is among them.
    pub fn has(self, site: Site) -> bool {
        match self {
            Self::All => true,
            Self::Cn => site == Site::Cn,
            Self::IntlEu => site != Site::Cn,
        }
    }
}

/// Everything that is declared of an operation.
#[derive(Debug)]
pub struct Spec {
    /// Official name, or ours in the same style.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path with `{name}` segments.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Sites it exists on.
    pub sites: Sites,
    /// Who may call it.
    pub callers: &'static [Caller],
    /// Partner permission items, any of which suffices (004 3.3); empty: none is needed.
    pub actions: &'static [&'static str],
    /// What its user must be allowed to do.
    pub right: Right,
    /// What a caller without permission is answered: CBC.0151, or CBC.0155 on the order operations.
    pub denied: &'static Code,
    /// How it touches the database.
    pub mode: Mode,
    /// Its audit event.
    pub audit: Audit,
    /// How often it may be called.
    pub limit: Limit,
    /// HTTP status of success.
    pub success: u16,
    /// Every code it can answer beside [`door::COMMON`].
    pub errors: &'static [&'static Code],
    /// Whether input or answer bear secrets: they are neither stored for replay nor in the audit trail.
    pub is_secret: bool,
    /// Document section, or where else it is described.
    pub doc: &'static str,
}

impl Spec {
    /// Whether anyone may call it without authentication.
    pub fn is_public(&self) -> bool {
        self.callers.contains(&Caller::Anyone)
    }

    /// Whether an account of `kind` may call it.
    pub fn admits(&self, kind: AccountKind) -> bool {
        self.callers.iter().any(|caller| match caller {
            Caller::Anyone | Caller::Account => true,
            Caller::Kind(allowed) => *allowed == kind,
        })
    }

    /// Whether it takes an `Idempotency-Key`: then it may answer CBC.0101 for a key used before.
    pub fn takes_key(&self) -> bool {
        self.mode == Mode::Write && !self.is_secret
    }

    /// Whether it may answer `code`.
    pub fn declares(&self, code: &Code) -> bool {
        self.denied == code
            || self.errors.contains(&code)
            || door::COMMON.contains(&code)
            || (self.takes_key() && code == &door::INVALID)
    }
}

/// One operation: decode → service → encode.
pub trait Operation<H: Host>: Send + Sync + 'static {
    /// What it is called with.
    type Input: Input + Send;
    /// What it answers.
    type Output: Output + Send;
    /// Why it may refuse.
    type Error: Into<ApiError> + Send;
    /// Everything that is declared of it.
    const SPEC: Spec;
    /// Carries it out.
    fn run(
        cx: &mut Cx<H>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// The user on whose behalf a request is carried out.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Account (domain) id.
    pub account: String,
    /// Account name.
    pub account_name: String,
    /// Kind of the account.
    pub kind: AccountKind,
    /// User id.
    pub user: String,
    /// User name.
    pub user_name: String,
    /// Bits of [`Right`].
    pub rights: i64,
    /// Partner permission items of the user; `None`: all of them.
    pub actions: Option<Vec<String>>,
    /// The access key of the request, if it was signed.
    pub access_key: Option<String>,
    /// The partner that acts for this customer through an agency.
    pub via: Option<String>,
    /// The project a token is scoped to.
    pub project: Option<String>,
}

impl Principal {
    /// Whether the user has `right`.
    pub fn has(&self, right: Right) -> bool {
        self.rights & right.bit() != 0
    }

    /// Whether the user has one of the permission items; an empty list needs none.
    pub fn has_action(&self, any_of: &[&str]) -> bool {
        match &self.actions {
            _ if any_of.is_empty() => true,
            None => true,
            Some(own) => own.iter().any(|item| any_of.contains(&item.as_str())),
        }
    }
}

/// An active access key: its secret, and the user it belongs to. It is not `Debug`: secrets are never logged.
pub struct AccessKey {
    /// The secret key in clear.
    pub secret: String,
    /// The user.
    pub principal: Arc<Principal>,
}

/// A fault that the sandbox injects into an operation.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What to answer instead of running it; `None`: only wait.
    pub error: Option<InjectedError>,
    /// How long to wait first.
    pub latency_ms: u64,
}

/// An injected error.
#[derive(Debug, Clone)]
pub struct InjectedError {
    /// A code of the registry.
    pub code: &'static Code,
    /// HTTP status, where it differs from the code's own.
    pub status: u16,
}

/// What the application gives the door.
pub trait Host: Send + Sync + 'static {
    /// The database.
    fn db(&self) -> &Db;
    /// The clock of this server.
    fn clock(&self) -> &Clock;
    /// The site it plays.
    fn site(&self) -> Site;
    /// A source of ids for one operation.
    fn ids(&self) -> Box<dyn IdSource>;
    /// The key's secret and its user, if the key is known and active.
    fn find_access_key(
        &self,
        access_key: &str,
    ) -> impl Future<Output = Result<Option<Arc<AccessKey>>, ApiError>> + Send;
    /// The user of a token, if it is known and has not expired.
    fn find_token(
        &self,
        token: &str,
    ) -> impl Future<Output = Result<Option<Arc<Principal>>, ApiError>> + Send;
    /// Whether `project` is a project of `account`.
    fn owns_project(
        &self,
        account: &str,
        project: &str,
    ) -> impl Future<Output = Result<bool, ApiError>> + Send;
    /// Takes the next injected fault of an operation.
    fn take_fault(&self, operation: &str) -> Option<Fault>;
}

/// Facts of the request that an operation may want to write down.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// `X-Request-Id` of the answer.
    pub id: String,
    /// Address of the peer.
    pub source: IpAddr,
    /// Language of error messages.
    pub language: Language,
}

/// A place for a transaction; it derefs to it.
pub struct TxSlot(Option<Tx>);

impl TxSlot {
    /// A slot that holds `tx`.
    pub fn of(tx: Tx) -> Self {
        Self(Some(tx))
    }
    /// A slot of a [`Mode::Free`] operation.
    pub fn none() -> Self {
        Self(None)
    }
    /// Takes the transaction out.
    pub fn take(&mut self) -> Option<Tx> {
        self.0.take()
    }
}

impl Deref for TxSlot {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        self.0.as_ref().expect("an operation that uses cx.tx declares Mode::Read or Mode::Write")
    }
}

impl DerefMut for TxSlot {
    fn deref_mut(&mut self) -> &mut Tx {
        self.0.as_mut().expect("an operation that uses cx.tx declares Mode::Read or Mode::Write")
    }
}

/// Something to do once a transaction is durable, such as dropping a memory cache.
pub type AfterCommit<H> = Box<dyn FnOnce(&Arc<H>) + Send>;

/// What an operation runs with.
pub struct Cx<H> {
    /// The application.
    pub app: Arc<H>,
    /// The instant of the operation, by the commercial clock.
    pub now: Instant,
    /// Who calls; the anonymous principal on public operations.
    pub principal: Arc<Principal>,
    /// The transaction.
    pub tx: TxSlot,
    /// The site.
    pub site: Site,
    /// Source of new ids.
    pub ids: Box<dyn IdSource>,
    /// Facts of the request.
    pub request: Arc<RequestFacts>,
    /// The resource that the audit row names: id and name.
    pub audited: Option<(String, String)>,
    after_commit: Vec<AfterCommit<H>>,
}

impl<H: Host> Cx<H> {
    /// A context around an open transaction.
    pub fn new(app: Arc<H>, principal: Arc<Principal>, request: Arc<RequestFacts>, tx: TxSlot) -> Self {
        Self {
            now: app.clock().now(),
            site: app.site(),
            ids: app.ids(),
            app,
            principal,
            tx,
            request,
            audited: None,
            after_commit: Vec::new(),
        }
    }

    /// Runs `hook` once this operation's transaction is durable; never if it is rolled back.
    pub fn after_commit(&mut self, hook: impl FnOnce(&Arc<H>) + Send + 'static) {
        self.after_commit.push(Box::new(hook));
    }

    /// Takes the hooks out, for whoever commits.
    pub fn take_hooks(&mut self) -> Vec<AfterCommit<H>> {
        std::mem::take(&mut self.after_commit)
    }

    /// The account of the caller.
    pub fn account(&self) -> &str {
        &self.principal.account
    }
}
