//! The China site's records of what changed a customer's cash or credit.

use domain::calendar::{BillCycle, Instant};
use platform::op::{Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::service::{self, AccountsError, ChangeQuery, Record, TRADE_TYPES};
use crate::app::App;
use crate::{Cx, codes};

const DEBIT: &str = "BALANCE_TYPE_DEBIT";
const CREDIT: &str = "BALANCE_TYPE_CREDIT";
const REVENUE: &str = "REVENUE";
const EXPENSE: &str = "EXPENSE";

/// The payment channels that the published interface names.
const CHANNELS: &[&str] = &["1", "2", "4", "5", "6", "7", "10", "11", "317", "319", "320"];

platform::input! {
    /// Which records. An absent or empty filter filters nothing.
    pub struct ListCustomerAccountChangeRecordsInput {
        /// Cash or credit.
        pub balance_type: String = query("balance_type").one_of(&[DEBIT, CREDIT]),
        /// What came in, or what went out.
        pub revenue_expense_type: Option<String> = query("revenue_expense_type").one_of(&[REVENUE, EXPENSE]),
        /// Kind of change.
        pub trade_type: Option<String> = query("trade_type").one_of(TRADE_TYPES),
        /// At or after this time.
        pub trade_time_begin: Option<Instant> = query("trade_time_begin").length(20),
        /// At or before this time.
        pub trade_time_end: Option<Instant> = query("trade_time_end").length(20),
        /// The order, or the transaction id of what came in.
        pub trade_id: Option<String> = query("trade_id"),
        /// Payment channels, separated by commas.
        pub payment_channel_id: Option<String> = query("payment_channel_id"),
        /// Number of the payment channel.
        pub payment_channel_no: Option<String> = query("payment_channel_no"),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most records to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
    }
}

/// A page of records.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListCustomerAccountChangeRecordsOutput {
    /// How many there are.
    total_count: i64,
    /// Currency of the amounts.
    currency: &'static str,
    /// The page, the latest first.
    records: Vec<CustomerAccountChangeRecord>,
}

/// A change of a balance.
#[derive(Debug, Serialize, JsonSchema)]
struct CustomerAccountChangeRecord {
    account_change_id: String,
    trade_detail_type: &'static str,
    trade_time: String,
    trade_id: String,
    /// Without sign: `revenue_expense_type` tells the direction.
    change_amount: String,
    balance_after_change: String,
    revenue_expense_type: &'static str,
    /// Month of the change (GMT+8).
    bill_cycle: String,
    payment_channel_id: Option<&'static str>,
    payment_channel_no: Option<String>,
    /// Time of the change, where an order was paid or refunded: yearly/monthly orders consume when they are paid.
    consume_time: Option<String>,
    account_name: String,
    /// Always null: an order may hold several services.
    cloud_service_type_name: Option<String>,
    /// Reserved.
    resource_type_name: Option<String>,
}

fn shown(record: Record, account_name: &str) -> CustomerAccountChangeRecord {
    CustomerAccountChangeRecord {
        account_change_id: record.id,
        trade_detail_type: record.detail_type,
        trade_time: record.at.to_wire(),
        trade_id: record.trade_id,
        change_amount: record.amount.to_string(),
        balance_after_change: record.balance_after.to_string(),
        revenue_expense_type: if record.is_income { REVENUE } else { EXPENSE },
        bill_cycle: BillCycle::of(record.at.date()).to_string(),
        payment_channel_id: record.channel,
        payment_channel_no: record.channel_no,
        consume_time: record.is_order.then(|| record.at.to_wire()),
        account_name: account_name.to_owned(),
        cloud_service_type_name: None,
        resource_type_name: None,
    }
}

/// Several channels in one parameter.
fn channels(text: Option<&str>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let channels: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
    if channels.iter().all(|channel| CHANNELS.contains(&channel.as_str())) {
        return Ok(Some(channels));
    }
    let known = CHANNELS.join(", ");
    Err(Refusal::because(
        "payment_channel_id",
        format!("must be some of {known}, separated by commas"),
        format!("必须为 {known} 中的若干个，以逗号分隔"),
    ))
}

/// Lists what changed the cash or the credit of the calling customer.
pub struct ListCustomerAccountChangeRecords;

impl Operation<App> for ListCustomerAccountChangeRecords {
    type Input = ListCustomerAccountChangeRecordsInput;
    type Output = Json<ListCustomerAccountChangeRecordsOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ListCustomerAccountChangeRecords",
        method: Method::Get,
        path: "/v2/accounts/customer-accounts/account-change-records",
        about: "Lists what changed the cash balance or the credit of the calling customer.",
        sites: Sites::Cn,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::NOT_FOR_RESELLER_CUSTOMERS],
        is_secret: false,
        doc: "SDK ListCustomerAccountChangeRecords; rules 5",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, AccountsError> {
        let query = ChangeQuery {
            is_credit: input.balance_type == CREDIT,
            is_income: input.revenue_expense_type.as_deref().map(|kind| kind == REVENUE),
            trade_type: input.trade_type,
            from: input.trade_time_begin,
            // A second that is named as the end is part of the span.
            until: input.trade_time_end.map(|end| end.plus_ms(1000)),
            trade_id: input.trade_id,
            channels: channels(input.payment_channel_id.as_deref())?,
            channel_no: input.payment_channel_no,
            offset: input.offset,
            limit: input.limit,
        };
        let account = cx.account().to_owned();
        let (account, total_count, records) = service::changes(cx, &account, &query).await?;
        let records = records.into_iter().map(|record| shown(record, &account.name)).collect();
        Ok(Json(ListCustomerAccountChangeRecordsOutput {
            total_count,
            currency: account.currency.code(),
            records,
        }))
    }
}
