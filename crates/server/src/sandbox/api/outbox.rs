//! The captured messages.

use platform::input;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::DOC;
use crate::Cx;
use crate::app::App;
use crate::sandbox::store;

input! {
    /// Which part of the outbox.
    pub struct ListOutboxInput {
        /// Index of the first message, from 0.
        pub offset: i64 = query("offset").range(0, 100_000_000).default("0"),
        /// How many messages.
        pub limit: i64 = query("limit").range(1, 1_000).default("100"),
    }
}

/// Messages of the outbox.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outbox {
    /// How many there are in all.
    pub total_count: i64,
    /// Those asked for, newest first.
    pub items: Vec<OutboxMessage>,
}

/// One message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OutboxMessage {
    /// Id.
    pub id: String,
    /// mail, sms or webhook.
    pub channel: String,
    /// Address, number or URL.
    pub recipient: String,
    /// Domain id of the account it is about.
    pub account_id: String,
    /// Subject of a mail, event of a webhook.
    pub subject: String,
    /// The whole text, with verification codes.
    pub body: String,
    /// captured, waiting, sent or failed.
    pub state: String,
    /// How often sending it was tried.
    pub attempts: i64,
    /// When it was written, UTC.
    pub created_at: String,
}

impl From<store::Message> for OutboxMessage {
    fn from(message: store::Message) -> Self {
        Self {
            id: message.id,
            channel: message.channel,
            recipient: message.recipient,
            account_id: message.account_id,
            subject: message.subject,
            body: message.body,
            state: message.state,
            attempts: message.attempts,
            created_at: message.created_at.to_wire(),
        }
    }
}

/// `GET /openbss/v1/sandbox/outbox`.
pub struct ListOutbox;

impl Operation<App> for ListOutbox {
    type Input = ListOutboxInput;
    type Output = Json<Outbox>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListSandboxOutbox",
        method: Method::Get,
        path: "/openbss/v1/sandbox/outbox",
        about: "Captured mail and SMS and the webhooks, newest first",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: true,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, input: ListOutboxInput) -> Result<Self::Output, ApiError> {
        let total_count = store::count_outbox(&mut cx.tx).await?;
        let messages = store::list_outbox(&mut cx.tx, input.limit, input.offset).await?;
        Ok(Json(Outbox { total_count, items: messages.into_iter().map(OutboxMessage::from).collect() }))
    }
}
