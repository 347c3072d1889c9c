//! The own API: webhooks of the caller.

use platform::input;
use platform::op::{
    ACCOUNT, ApiError, Audit, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::service::{self, EVENTS, Wanted, Webhook};
use crate::Cx;
use crate::app::App;
use crate::codes;

/// The longest address.
const URL_MAX: usize = 1024;
/// The shortest secret that a client may choose.
const SECRET_MIN: usize = 16;

input! {
    /// A webhook to be made.
    pub struct CreateWebhookInput {
        /// Where notifications are sent to: an http or https address.
        pub url: String = body("url").length(URL_MAX),
        /// Which events; left out: all.
        pub events: Option<Vec<String>> = body("events").items(1, 20).one_of(EVENTS),
        /// What signs the notifications, at least 16 characters; left out: it is made.
        pub secret: Option<String> = body("secret").length(128),
    }

    /// A webhook to be removed.
    pub struct DeleteWebhookInput {
        /// Its id.
        pub id: String = path("id"),
    }
}

/// A webhook.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WebhookInfo {
    /// Its id.
    id: String,
    /// Where it leads.
    url: String,
    /// Which events.
    events: Vec<String>,
    /// When it was made.
    create_time: String,
}

impl WebhookInfo {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.clone(),
            url: webhook.url.clone(),
            events: webhook.events.split(',').map(str::to_owned).collect(),
            create_time: webhook.created_at.to_wire(),
        }
    }
}

/// A new webhook with its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CreateWebhookOutput {
    /// The webhook.
    #[serde(flatten)]
    webhook: WebhookInfo,
    /// Signs its notifications; it is told here and never again.
    secret: String,
}

/// The webhooks of an account.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListWebhooksOutput {
    /// How many.
    total_count: usize,
    /// The webhooks, without their secrets.
    webhooks: Vec<WebhookInfo>,
}

/// `POST /openbss/v1/webhooks`.
pub(super) struct CreateWebhook;

impl Operation<App> for CreateWebhook {
    type Input = CreateWebhookInput;
    type Output = Json<CreateWebhookOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateWebhook",
        method: Method::Post,
        path: "/openbss/v1/webhooks",
        about: "Asks to be told of events by signed notifications.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("webhook", "createWebhook"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&codes::INVALID_VALUE],
        is_secret: true,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        if input.secret.as_ref().is_some_and(|secret| secret.chars().count() < SECRET_MIN) {
            return Err(Refusal::because(
                "secret",
                format!("must have at least {SECRET_MIN} characters"),
                format!("长度不能少于 {SECRET_MIN} 个字符"),
            )
            .into());
        }
        let wanted =
            Wanted { url: input.url, events: input.events.unwrap_or_default(), secret: input.secret };
        let (webhook, secret) = service::create(cx, &wanted).await?;
        cx.audited = Some((webhook.id.clone(), webhook.url.clone()));
        Ok(Json(CreateWebhookOutput { webhook: WebhookInfo::of(&webhook), secret }))
    }
}

/// `GET /openbss/v1/webhooks`.
pub(super) struct ListWebhooks;

impl Operation<App> for ListWebhooks {
    type Input = ();
    type Output = Json<ListWebhooksOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListWebhooks",
        method: Method::Get,
        path: "/openbss/v1/webhooks",
        about: "Lists the webhooks of the caller.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        let webhooks: Vec<_> = service::list(cx).await?.iter().map(WebhookInfo::of).collect();
        Ok(Json(ListWebhooksOutput { total_count: webhooks.len(), webhooks }))
    }
}

/// `DELETE /openbss/v1/webhooks/{id}`.
pub(super) struct DeleteWebhook;

impl Operation<App> for DeleteWebhook {
    type Input = DeleteWebhookInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "DeleteWebhook",
        method: Method::Delete,
        path: "/openbss/v1/webhooks/{id}",
        about: "Removes a webhook; what still waits for it is not sent.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("webhook", "deleteWebhook"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        cx.audited = Some((input.id.clone(), input.id.clone()));
        service::delete(cx, &input.id).await
    }
}
