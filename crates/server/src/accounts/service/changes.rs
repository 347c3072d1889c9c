//! What changed a customer's cash or credit, in the words of Huawei's records (rule 5; their spelling is kept).

use std::sync::Arc;

use domain::calendar::Instant;
use domain::ledger::{AccountKind, JournalKind, LedgerAccount};
use domain::money::Charge;
use platform::db::DbError;

use super::{is_reseller_customer, money_account, too_large};
use crate::Cx;
use crate::accounts::errors::AccountsError;
use crate::identity::service::Account;
use crate::ledger::service::{self as ledger, Change, ChangeFilter, ChangesOf};

/// Every trade type that can be asked for.
pub const TRADE_TYPES: &[&str] = &[
    "RECHARGE",
    "DEDEUCT",
    "REFUND",
    "RFROZEN",
    "TRANS",
    "ADJUST",
    "BEUNBIND",
    "EXPIRED",
    "BONUSCONVERT",
    "TRADE_MODE_TRANSFER",
    "DEPOSIT",
    "BEADJUST",
    "BERETRIEVE",
];

/// Channel of what the operator brings in: a bank transfer.
const BANK_TRANSFER: &str = "2";
/// Channel of what the operator grants or corrects: an adjustment.
const ADJUSTMENT: &str = "11";

/// How a journal is called in the records.
struct Trade {
    trade_type: &'static str,
    detail_type: &'static str,
    channel: Option<&'static str>,
}

fn trade(kind: JournalKind) -> Trade {
    let (trade_type, detail_type, channel) = match kind {
        JournalKind::TopUp => ("RECHARGE", "SOURCE_OPERAIION_RECHARGE", Some(BANK_TRANSFER)),
        JournalKind::GrantCredit => ("ADJUST", "SOURCE_OPERAIION_ADJUST_CREDIT", Some(ADJUSTMENT)),
        JournalKind::ExpireCredit => ("EXPIRED", "SOURCE_OPERAIION_EXPIRECLEAR", None),
        JournalKind::PayOrder => ("DEDEUCT", "SOURCE_OPERAIION_DEDEUCT", None),
        // The documents call the repayment of arrears a consumption; a top-up that repays is only a top-up.
        JournalKind::SettleDebts => ("DEDEUCT", "SOURCE_OPERAIION_WRITEOFF", None),
        JournalKind::RefundOrder => ("REFUND", "SOURCE_OPERAIION_UNSUBSCRIBE", None),
        // Coupons and cards have records of their own; were one on a balance it could only be an adjustment.
        JournalKind::Reversal | JournalKind::IssueBenefit | JournalKind::WithdrawBenefit => {
            ("ADJUST", "SOURCE_OPERAIION_ADJUST", Some(ADJUSTMENT))
        }
    };
    Trade { trade_type, detail_type, channel }
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeQuery {
    /// Those of credit, and not of cash.
    pub is_credit: bool,
    /// Only what came in (`true`), or only what went out.
    pub is_income: Option<bool>,
    /// One of [`TRADE_TYPES`].
    pub trade_type: Option<String>,
    /// First instant.
    pub from: Option<Instant>,
    /// First instant after it.
    pub until: Option<Instant>,
    /// The order, or the transaction id of what came in.
    pub trade_id: Option<String>,
    /// Any of these payment channels.
    pub channels: Option<Vec<String>>,
    /// What came in by this number of its channel.
    pub channel_no: Option<String>,
    /// Index of the first record.
    pub offset: i64,
    /// The most records.
    pub limit: i64,
}

/// A change of cash or credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub id: String,
    /// What it was, in detail.
    pub detail_type: &'static str,
    /// When.
    pub at: Instant,
    /// The order, or the transaction id of what came in.
    pub trade_id: String,
    /// How much, without sign.
    pub amount: Charge,
    /// The balance after it: of cash, or of all credit lines together.
    pub balance_after: Charge,
    /// It came in.
    pub is_income: bool,
    /// Payment channel.
    pub channel: Option<&'static str>,
    /// Its number there.
    pub channel_no: Option<String>,
    /// It belongs to an order.
    pub is_order: bool,
}

/// A page of records of an account, the latest first, and how many there are; with the account.
///
/// # Errors
/// [`AccountsError::NoAccount`], [`AccountsError::ResellerCustomer`].
pub async fn changes(
    cx: &mut Cx,
    account: &str,
    query: &ChangeQuery,
) -> Result<(Arc<Account>, i64, Vec<Record>), AccountsError> {
    let account = money_account(cx, account).await?;
    if is_reseller_customer(&account) {
        return Err(AccountsError::ResellerCustomer);
    }
    let owner = ledger::owner_id(&account.id)?;
    let of = match query.is_credit {
        true => ChangesOf::Kind(account.id.clone(), AccountKind::Credit),
        false => ChangesOf::Account(LedgerAccount::cash(&owner).id()),
    };
    let filter = ChangeFilter {
        is_income: query.is_income,
        from: query.from,
        until: query.until,
        kinds: kinds(query),
        causes: causes(query, &account.id),
        subject: refund_of(query),
    };
    let (total, changes) = ledger::changes(&mut cx.tx, &of, &filter, query.offset, query.limit).await?;
    let records = changes.into_iter().map(record).collect::<Result<_, _>>()?;
    Ok((account, total, records))
}

/// The journals that trade type and channel leave.
fn kinds(query: &ChangeQuery) -> Vec<JournalKind> {
    let is_asked = |kind: &JournalKind| {
        let Trade { trade_type, channel, .. } = trade(*kind);
        let is_type = query.trade_type.as_ref().is_none_or(|wanted| wanted == trade_type);
        let is_channel = query
            .channels
            .as_ref()
            .is_none_or(|wanted| channel.is_some_and(|channel| wanted.iter().any(|one| one == channel)));
        is_type && is_channel
    };
    JournalKind::ALL.into_iter().filter(is_asked).collect()
}

/// The causes that a trade id, or a number of a channel, can stand for.
fn causes(query: &ChangeQuery, account: &str) -> Option<Vec<String>> {
    let brought = |id: &str| format!("{}/{account}/{id}", JournalKind::TopUp.code());
    let by_trade = query.trade_id.as_ref().map(|id| {
        let mut causes = vec![brought(id)];
        let of_line = [JournalKind::GrantCredit, JournalKind::ExpireCredit];
        causes.extend(of_line.map(|kind| format!("{}/{account}/{id}", kind.code())));
        // A subject has no slash, so an id with one is that of no order; that of a settlement always has one.
        if id.contains('/') {
            causes.push(format!("{}/{account}/{id}", JournalKind::SettleDebts.code()));
        } else {
            causes.push(format!("{}/{id}/", JournalKind::PayOrder.code()));
        }
        causes
    });
    let by_number = query.channel_no.as_ref().map(|number| brought(number));
    match (by_trade, by_number) {
        (None, None) => None,
        (Some(causes), None) => Some(causes),
        (None, Some(cause)) => Some(vec![cause]),
        (Some(causes), Some(cause)) => Some(causes.into_iter().filter(|known| *known == cause).collect()),
    }
}

/// The beginning of the causes that a trade id stands for as the id of a refund order: it has one for each order whose
/// money it gave back.
fn refund_of(query: &ChangeQuery) -> Option<String> {
    let id = query.trade_id.as_ref().filter(|id| !id.contains('/') && query.channel_no.is_none())?;
    Some(format!("{}/{id}/", JournalKind::RefundOrder.code()))
}

fn record(change: Change) -> Result<Record, DbError> {
    let Change { journal, seq, amount, balance_after, kind, cause, at } = change;
    let Trade { detail_type, channel, .. } = trade(kind);
    let mut parts = cause.splitn(3, '/').skip(1);
    let (subject, period) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_order = matches!(kind, JournalKind::PayOrder | JournalKind::RefundOrder);
    let trade_id = if is_order { subject } else { period }.to_owned();
    let is_income = amount.is_positive();
    let amount = if is_income { amount } else { amount.checked_neg().ok_or_else(too_large)? };
    let channel_no = (kind == JournalKind::TopUp).then(|| trade_id.clone());
    let id = format!("{journal}-{seq}");
    Ok(Record {
        id,
        detail_type,
        at,
        trade_id,
        amount,
        balance_after,
        is_income,
        channel,
        channel_no,
        is_order,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_journal_has_a_trade_type_that_can_be_asked_for() {
        for kind in JournalKind::ALL {
            assert!(TRADE_TYPES.contains(&trade(kind).trade_type), "{kind:?}");
        }
    }
}
