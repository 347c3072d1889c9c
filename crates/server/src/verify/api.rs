//! The operation that shows what the checks found.

use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Identity, service};
use crate::app::App;
use crate::{Cx, codes};

/// Adds the operations.
pub fn operations(registry: &mut Registry<App>) {
    registry.add::<VerifyBooks>();
}

/// What the checks found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verdict {
    /// Whether every identity holds.
    holds: bool,
    /// When it was recomputed, by the commercial clock (UTC).
    checked_at: String,
    /// Both sides of every identity.
    identities: Vec<Side>,
}

/// Both sides of one identity.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Side {
    /// Name, beginning with the feature.
    name: &'static str,
    /// What is stored, or one side of the books.
    left: String,
    /// What follows from other rows, or the other side.
    right: String,
    /// Whether they agree and nothing contradicts them.
    holds: bool,
    /// What does not agree, by id; null where the identity holds.
    detail: Option<String>,
}

impl From<Identity> for Side {
    fn from(identity: Identity) -> Self {
        let Identity { name, left, right, holds, detail } = identity;
        Self { name, left, right, holds, detail }
    }
}

/// Recomputes the books.
pub struct VerifyBooks;

impl Operation<App> for VerifyBooks {
    type Input = ();
    type Output = Json<Verdict>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "VerifyBooks",
        method: Method::Get,
        path: "/openbss/v1/verify",
        about: "Recomputes the books on one snapshot and shows both sides of every identity.",
        sites: Sites::All,
        callers: OPERATOR,
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

    async fn run(cx: &mut Cx, (): ()) -> Result<Json<Verdict>, ApiError> {
        let identities = service::identities(&mut cx.tx).await?;
        Ok(Json(Verdict {
            holds: identities.iter().all(|identity| identity.holds),
            checked_at: cx.now.to_wire(),
            identities: identities.into_iter().map(Side::from).collect(),
        }))
    }
}
