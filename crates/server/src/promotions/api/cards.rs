//! The stored-value cards of a customer (China site).

use domain::calendar::Instant;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::promotions::service;
use crate::promotions::store::cards::{CardFilter, StoredCard};
use crate::{Cx, codes};

/// Something of the card can still be spent.
const USABLE: i64 = 1;
/// Nothing can: it is used up, expired or withdrawn.
const USED_UP: i64 = 2;

/// Adds the operations.
pub(super) fn operations(registry: &mut Registry<App>) {
    registry.add::<ListStoredValueCards>();
}

platform::input! {
    /// Query of `ListStoredValueCards`.
    pub struct ListStoredValueCardsInput {
        /// 1 usable, 2 used up.
        pub status: Option<i64> = query("status").range(1, 2),
        /// Card id.
        pub card_id: Option<String> = query("card_id").null(Value),
        /// Index of the first card.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most cards to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
    }
}

/// A page of cards.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListStoredValueCardsOutput {
    /// How many cards match.
    total_count: i64,
    /// The page, the earliest to expire first.
    stored_value_cards: Vec<UserCard>,
}

/// A card.
#[derive(Debug, Serialize, JsonSchema)]
struct UserCard {
    card_id: String,
    card_name: String,
    status: i64,
    face_value: String,
    balance: String,
    effective_time: String,
    expire_time: String,
}

/// 1 while something of the card can still be spent, now or later; then 2.
pub(super) fn shown_status(stored: &StoredCard, now: Instant) -> i64 {
    let card = &stored.card;
    let is_usable = card.balance.is_positive() && !card.is_withdrawn && now < card.expires_at;
    if is_usable { USABLE } else { USED_UP }
}

impl UserCard {
    fn of(stored: StoredCard, now: Instant) -> Self {
        Self {
            status: shown_status(&stored, now),
            card_id: stored.card.id,
            card_name: stored.card.name,
            face_value: stored.face_value.to_string(),
            balance: stored.card.balance.to_string(),
            effective_time: stored.card.valid_from.to_wire(),
            expire_time: stored.card.expires_at.to_wire(),
        }
    }
}

/// `GET /v2/promotions/benefits/stored-value-cards`.
pub(super) struct ListStoredValueCards;

impl Operation<App> for ListStoredValueCards {
    type Input = ListStoredValueCardsInput;
    type Output = Json<ListStoredValueCardsOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListStoredValueCards",
        method: Method::Get,
        path: "/v2/promotions/benefits/stored-value-cards",
        about: "Lists the stored-value cards of the calling customer.",
        sites: Sites::Cn,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(5),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "SDK ListStoredValueCards",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let (now, own) = (cx.now, cx.account().to_owned());
        let filter = CardFilter { id: input.card_id, is_usable: input.status.map(|status| status == USABLE) };
        let (total_count, cards) =
            service::list_cards(cx, &own, &filter, (input.offset, input.limit)).await?;
        let stored_value_cards = cards.into_iter().map(|stored| UserCard::of(stored, now)).collect();
        Ok(Json(ListStoredValueCardsOutput { total_count, stored_value_cards }))
    }
}
