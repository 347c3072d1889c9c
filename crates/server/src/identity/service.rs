//! Accounts and who may act for them.

use std::sync::Arc;

use platform::db::{DbError, Tx};
use platform::op::{AccessKey, AccountKind, ApiError, Principal};

use crate::Cx;
use crate::app::App;

/// Facts of an account that other features need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Domain id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: AccountKind,
    /// The partner it belongs to.
    pub partner_id: Option<String>,
    /// Customers of partners: 1 referral, 3 reseller model.
    pub association_type: Option<i64>,
    /// Distributors that may have customers of their own.
    pub has_direct_customers: bool,
    /// Enterprise master of a member.
    pub master_id: Option<String>,
    /// Members: `independent` or `unified`.
    pub accounting: Option<String>,
    /// Currency.
    pub currency: domain::money::Currency,
    /// 0 no, 1 account, 2 account and resources.
    pub frozen: i64,
}

/// A new account with its first user; secrets are given (demo) or made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name, unique without regard to case.
    pub name: String,
    /// Kind.
    pub kind: AccountKind,
    /// Partner id.
    pub partner_id: Option<String>,
    /// 1 referral, 3 reseller model.
    pub association_type: Option<i64>,
    /// Distributors only.
    pub has_direct_customers: bool,
    /// Enterprise master id.
    pub master_id: Option<String>,
    /// `independent` or `unified`.
    pub accounting: Option<String>,
    /// Domain id, where it is fixed (demo); else made.
    pub id: Option<String>,
    /// First user: name, password hash if it has a password.
    pub user_name: String,
    /// PHC string made before the transaction began.
    pub password_hash: Option<String>,
    /// Access key and secret, where they are fixed (demo); else none is made.
    pub access_key: Option<(String, String)>,
    /// Projects.
    pub projects: Vec<NewProject>,
}

/// A new project.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Id, where it is fixed (demo); else made.
    pub id: Option<String>,
    /// A region's code.
    pub name: String,
}

/// Creates an account with its first user (all rights), projects and key. Codes: CBC.0100 / CBC.0101 (name taken).
pub async fn create_account(_cx: &mut Cx, _new: &NewAccount) -> Result<Account, ApiError> {
    todo!()
}

/// An account by id, from memory.
pub async fn find_account(_app: &App, _tx: &mut Tx, _id: &str) -> Result<Option<Arc<Account>>, DbError> {
    todo!()
}

/// Drops from memory what another process has changed; called once a second.
pub async fn refresh(_app: &App) -> Result<(), DbError> {
    Ok(())
}

/// Forgets all that is kept in memory, after the database was emptied behind it (sandbox reset).
pub fn forget(_app: &App) {}

/// The key's secret and user.
pub async fn find_access_key(_app: &App, _access_key: &str) -> Result<Option<Arc<AccessKey>>, ApiError> {
    todo!()
}

/// The user of a token.
pub async fn find_token(_app: &App, _token: &str) -> Result<Option<Arc<Principal>>, ApiError> {
    todo!()
}
