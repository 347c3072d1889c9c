//! Why the accounts feature refuses.

use domain::ledger::JournalError;
use domain::money::Charge;
use platform::db::DbError;
use platform::op::{ApiError, Refusal};

use super::store::CREDIT_LINES_MAX;
use crate::codes;
use crate::ledger::service::PostError;

/// Why money was not moved or shown.
#[derive(Debug)]
pub enum AccountsError {
    /// No customer and no partner has this domain id.
    NoAccount,
    /// The transaction id stands for another top-up of this account.
    TransIdUsed {
        /// The amount of that top-up.
        first: Charge,
        /// The type of the balance that got it.
        account_type: i64,
    },
    /// The credit line would expire before it began.
    ExpireTimePassed,
    /// The account has had as many credit lines as one may have.
    TooManyCreditLines,
    /// Customers of the reseller model hold no balance of their own (rule 5).
    ResellerCustomer,
    /// A parameter is not one that can be carried out.
    Refused(Refusal),
    /// The database.
    Db(DbError),
}

impl From<Refusal> for AccountsError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DbError> for AccountsError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<PostError> for AccountsError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Insufficient(account) => {
                Self::Db(DbError::Other(format!("{account} fell below its floor where money came in")))
            }
            PostError::Db(error) => Self::Db(error),
        }
    }
}

/// A journal that the caller could only have asked for by mistake.
pub fn defect(error: &JournalError) -> DbError {
    DbError::Other(format!("no such journal: {error}"))
}

impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::NoAccount => Refusal::because(
                "domain_id",
                "must be the domain id of a customer or partner of this site",
                "必须是本站点客户或伙伴的账号 ID",
            )
            .into(),
            AccountsError::TransIdUsed { first, account_type } => codes::INVALID_VALUE.because(
                format!(
                    "trans_id was used before for a top-up of {first} of account_type {account_type}; choose a new \
                     trans_id."
                ),
                format!(
                    "trans_id 已用于金额为 {first}、account_type 为 {account_type} 的充值，请更换新的 trans_id。"
                ),
            ),
            AccountsError::ExpireTimePassed => {
                Refusal::because("expire_time", "must be later than the current time", "必须晚于当前时间").into()
            }
            AccountsError::TooManyCreditLines => codes::INVALID_VALUE.because(
                format!("domain_id names an account that has had {CREDIT_LINES_MAX} credit lines, the most allowed."),
                format!("domain_id 对应的账号已有 {CREDIT_LINES_MAX} 个信用额度，达到上限。"),
            ),
            AccountsError::ResellerCustomer => codes::NOT_FOR_RESELLER_CUSTOMERS.error(),
            AccountsError::Refused(refusal) => refusal.into(),
            AccountsError::Db(error) => error.into(),
        }
    }
}
