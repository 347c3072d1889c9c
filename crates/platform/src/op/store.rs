//! Rows that every operation writes: idempotency records and the audit trail.

use domain::calendar::Instant;
use domain::id::{IdSource, hex32};

use super::{Answer, ApiError, Audit, Principal, RequestFacts, Spec, door};
use crate::db::{DbError, Tx};
use crate::params;

crate::statements! {
    /// Claims an idempotency key; no row changes when it is known.
    pub const CLAIM_KEY = "insert into idempotency_keys \
        (principal, operation, idempotency_key, input_hash, status, content_type, body, created_at) \
        values ($1, $2, $3, $4, 0, '', $5, $6) \
        on conflict (principal, operation, idempotency_key) do nothing";
    /// What a known key stands for.
    pub const FIND_KEY = "select input_hash, status, content_type, body, created_at from idempotency_keys \
        where principal = $1 and operation = $2 and idempotency_key = $3 {for_update}";
    /// Stores the answer of a claimed key.
    pub const ANSWER_KEY = "update idempotency_keys set status = $4, content_type = $5, body = $6 \
        where principal = $1 and operation = $2 and idempotency_key = $3";
    /// Reclaims a key whose day is over.
    pub const RECLAIM_KEY = "update idempotency_keys set input_hash = $4, status = 0, created_at = $5 \
        where principal = $1 and operation = $2 and idempotency_key = $3";
    /// The oldest key, if its day is over.
    pub const FIND_OLD_KEY = "select created_at from idempotency_keys where created_at <= $1 \
        order by created_at, principal, operation, idempotency_key limit 1";
    /// Forgets keys whose day is over, the oldest first.
    pub const DELETE_OLD_KEYS = "delete from idempotency_keys where (principal, operation, idempotency_key) in \
        (select principal, operation, idempotency_key from idempotency_keys where created_at <= $1 \
        order by created_at, principal, operation, idempotency_key limit $2)";
    /// One audit row.
    pub const INSERT_AUDIT = "insert into audit_events \
        (account_id, id, at, operation, resource_type, event, resource_id, resource_name, user_id, user_name, \
        access_key, via_account, source_ip, request_id, status, error_code, request) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    /// How many calls of an operation an account was refused since an instant, up to a number.
    pub const COUNT_REFUSED = "select count(*) from (select id from audit_events where account_id = $1 \
        and operation = $2 and at >= $3 and error_code is not null order by at, id limit $4) refused";
}

/// How long an idempotency key is remembered.
pub const KEY_LIFE_MS: i64 = 24 * 3_600_000;
/// The longest request text kept in the audit trail.
const AUDITED_REQUEST_MAX: usize = 4096;

/// What an idempotency key was found to be.
pub enum Claimed {
    /// New, or its day was over: carry the operation out.
    Fresh,
    /// Known with the same input: give the first answer again.
    Replay(Answer),
}

/// One use of an idempotency key.
pub struct KeyUse<'a> {
    /// Account and user.
    pub principal: &'a str,
    /// Operation id.
    pub operation: &'a str,
    /// The key the client chose.
    pub key: &'a str,
    /// Hash of the input.
    pub input_hash: &'a str,
}

/// Claims `key` for this request, or finds its first answer. The same key with another input is CBC.0101.
pub async fn claim(tx: &mut Tx, key: &KeyUse<'_>, now: Instant) -> Result<Claimed, ApiError> {
    let inserted = tx
        .exec(CLAIM_KEY, params![key.principal, key.operation, key.key, key.input_hash, &b""[..], now.ms()])
        .await?;
    if inserted == 1 {
        return Ok(Claimed::Fresh);
    }
    let row = tx.one(FIND_KEY, params![key.principal, key.operation, key.key]).await?;
    if row.int(4) < now.ms().saturating_sub(KEY_LIFE_MS) {
        tx.exec(RECLAIM_KEY, params![key.principal, key.operation, key.key, key.input_hash, now.ms()])
            .await?;
        return Ok(Claimed::Fresh);
    }
    if row.text(0) != key.input_hash {
        return Err(door::INVALID.because(
            "Idempotency-Key was used before with another request; choose a new key.",
            "Idempotency-Key 已用于其他请求，请更换新的值。",
        ));
    }
    let status = u16::try_from(row.int(1)).unwrap_or(500);
    let mut answer = Answer::of(super::output::JSON, row.bytes(3).to_vec());
    answer.status = Some(status);
    answer
        .headers
        .push((http::HeaderName::from_static("idempotency-hit"), http::HeaderValue::from_static("true")));
    Ok(Claimed::Replay(answer))
}

/// Stores the answer of a claimed key.
pub async fn remember(tx: &mut Tx, key: &KeyUse<'_>, status: u16, answer: &Answer) -> Result<(), DbError> {
    tx.send(
        ANSWER_KEY,
        params![
            key.principal,
            key.operation,
            key.key,
            i64::from(status),
            answer.content_type,
            &answer.body[..]
        ],
    )
    .await?;
    Ok(())
}

/// One entry of the audit trail.
pub struct AuditEntry<'a> {
    /// The operation.
    pub spec: &'a Spec,
    /// Who called it.
    pub principal: &'a Principal,
    /// The request.
    pub facts: &'a RequestFacts,
    /// When, by the commercial clock.
    pub now: Instant,
    /// Id and name of the resource, where the operation named one.
    pub resource: Option<&'a (String, String)>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Error code of the answer, if it was refused.
    pub error_code: Option<&'a str>,
    /// The request's body; left out where it bears secrets.
    pub request: &'a [u8],
}

/// Writes an audit row, unless the operation is one that is not audited.
pub async fn audit(tx: &mut Tx, ids: &mut dyn IdSource, entry: &AuditEntry<'_>) -> Result<(), DbError> {
    let Audit::Event(resource_type, event) = entry.spec.audit else { return Ok(()) };
    let request = if entry.spec.is_secret { String::new() } else { beginning(entry.request) };
    let id = hex32(ids);
    let source = entry.facts.source.to_string();
    let (resource_id, resource_name) = match entry.resource {
        Some((id, name)) => (Some(id.as_str()), Some(name.as_str())),
        None => (None, None),
    };
    tx.send(
        INSERT_AUDIT,
        params![
            &entry.principal.account,
            &id,
            entry.now.ms(),
            entry.spec.id,
            resource_type,
            event,
            resource_id,
            resource_name,
            &entry.principal.user,
            &entry.principal.user_name,
            entry.principal.access_key.as_deref(),
            entry.principal.via.as_deref(),
            &source,
            &entry.facts.id,
            i64::from(entry.status),
            entry.error_code,
            &request
        ],
    )
    .await?;
    Ok(())
}

/// How many calls of an operation an account was refused since an instant; no more than `most` are counted. A refusal
/// takes back what it did, so the trail alone knows of it.
pub async fn count_refused(
    tx: &mut Tx,
    account: &str,
    operation: &str,
    since: Instant,
    most: i64,
) -> Result<i64, DbError> {
    let row = tx.one(COUNT_REFUSED, params![account, operation, since.ms(), most]).await?;
    Ok(row.int(0))
}

/// The first part of a body that the audit trail keeps; only that much of it is looked at.
fn beginning(body: &[u8]) -> String {
    let kept = &body[..body.len().min(AUDITED_REQUEST_MAX)];
    String::from_utf8_lossy(kept).replace('\0', "")
}
