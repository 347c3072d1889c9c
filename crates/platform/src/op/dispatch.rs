//! One dispatch for every operation, readable from top to bottom.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::store::{AuditEntry, Claimed, KeyUse};
use super::{
    Answer, ApiError, Audit, Cx, Host, Input, Mode, Operation, Output, Principal, RequestFacts, Spec, TxSlot,
    door, store,
};
use crate::db::Tx;
use crate::op::node::Node;
use crate::op::wire::Source;

/// How often an operation is tried when transactions conflict.
const ATTEMPTS_MAX: u32 = 3;

/// An authenticated, authorised request with its parameters decoded from the wire but not yet read.
pub struct Accepted {
    /// Who calls.
    pub principal: Arc<Principal>,
    /// Facts of the request.
    pub facts: Arc<RequestFacts>,
    /// Path parameters.
    pub path: Vec<(String, String)>,
    /// Query parameters.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: http::HeaderMap,
    /// The body, read as JSON, where the operation has one.
    pub body: Option<Node>,
    /// The body's bytes.
    pub bytes: bytes::Bytes,
    /// The client's idempotency key with the hash of the input.
    pub idempotency: Option<(String, String)>,
}

impl Accepted {
    fn source(&self) -> Source<'_> {
        Source {
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_ref(),
            bytes: &self.bytes,
        }
    }
}

/// Runs one operation, its type erased.
pub(crate) trait Runner<H: Host>: Send + Sync {
    /// Decodes, runs and commits.
    fn run<'a>(
        &'a self,
        app: &'a Arc<H>,
        request: &'a Accepted,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>>;
}

/// The runner of `O`.
pub(crate) struct Typed<O>(PhantomData<fn() -> O>);

impl<O> Default for Typed<O> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<H: Host, O: Operation<H>> Runner<H> for Typed<O> {
    fn run<'a>(
        &'a self,
        app: &'a Arc<H>,
        request: &'a Accepted,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>> {
        Box::pin(execute::<H, O>(app, request))
    }
}

async fn execute<H: Host, O: Operation<H>>(app: &Arc<H>, request: &Accepted) -> Result<Answer, ApiError> {
    let audited = !matches!(O::SPEC.audit, Audit::None);
    match O::SPEC.mode {
        Mode::Free => {
            let input = O::Input::decode(&request.source())?;
            let mut cx = context(app, request, TxSlot::none());
            run_caught::<H, O>(&mut cx, input).await
        }
        // An audited read writes a row, so it goes through the writer.
        Mode::Read if !audited => {
            let input = O::Input::decode(&request.source())?;
            let mut cx = context(app, request, TxSlot::of(app.db().begin_read().await?));
            let answer = run_caught::<H, O>(&mut cx, input).await;
            if let Some(tx) = cx.tx.take() {
                tx.rollback().await;
            }
            answer
        }
        Mode::Read | Mode::Write => {
            let mut attempt = 1;
            loop {
                match write::<H, O>(app, request).await {
                    Err(error) if error.is_retryable() && attempt < ATTEMPTS_MAX => attempt += 1,
                    done => return done,
                }
            }
        }
    }
}

fn context<H: Host>(app: &Arc<H>, request: &Accepted, tx: TxSlot) -> Cx<H> {
    Cx::new(app.clone(), request.principal.clone(), request.facts.clone(), tx)
}

/// Runs; a panic becomes an internal error.
async fn run_caught<H: Host, O: Operation<H>>(cx: &mut Cx<H>, input: O::Input) -> Result<Answer, ApiError> {
    let run = AssertUnwindSafe(O::run(cx, input)).catch_unwind();
    match run.await {
        Ok(Ok(output)) => output.into_answer().map_err(|error| internal(O::SPEC.id, &error.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(panic) => Err(internal(O::SPEC.id, panic_text(panic.as_ref()))),
    }
}

fn internal(operation: &str, detail: &str) -> ApiError {
    tracing::error!(operation, detail, "an operation failed");
    door::INTERNAL.error()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

/// One durable transaction: idempotency, run, audit, commit.
async fn write<H: Host, O: Operation<H>>(app: &Arc<H>, request: &Accepted) -> Result<Answer, ApiError> {
    // What cannot be read is refused before the writer is asked for: it changes nothing and leaves no row.
    let input = O::Input::decode(&request.source())?;
    let mut cx = context(app, request, TxSlot::of(app.db().begin_write().await?));
    let principal = format!("{}/{}", request.principal.account, request.principal.user);
    let key = request.idempotency.as_ref().map(|(key, input_hash)| KeyUse {
        principal: &principal,
        operation: O::SPEC.id,
        key,
        input_hash,
    });
    let outcome = claimed_run::<H, O>(&mut cx, input, key.as_ref()).await;
    let spec = const { &O::SPEC };
    let tx = cx.tx.take().expect("the slot was filled above and only dispatch takes from it");
    match outcome {
        Ok(Done::Ran(answer)) => finish(cx, tx, request, spec, answer).await,
        // The replayed row may be a neighbour's that is not durable yet: commit waits for the sync it rides on.
        Ok(Done::Replayed(answer)) => tx.commit().await.map(|()| answer).map_err(ApiError::from),
        Err(error) if error.source.is_some() => {
            tx.rollback().await;
            Err(error)
        }
        Err(error) => refuse(cx, tx, request, spec, error).await,
    }
}

enum Done {
    Ran(Answer),
    Replayed(Answer),
}

async fn claimed_run<H: Host, O: Operation<H>>(
    cx: &mut Cx<H>,
    input: O::Input,
    key: Option<&KeyUse<'_>>,
) -> Result<Done, ApiError> {
    if let Some(key) = key
        && let Claimed::Replay(answer) = store::claim(&mut cx.tx, key, cx.now).await?
    {
        return Ok(Done::Replayed(answer));
    }
    let answer = run_caught::<H, O>(cx, input).await?;
    if let Some(key) = key {
        store::remember(&mut cx.tx, key, answer.status.unwrap_or(O::SPEC.success), &answer).await?;
    }
    Ok(Done::Ran(answer))
}

/// Commits a success with its audit row, then runs what waited for the commit.
async fn finish<H: Host>(
    mut cx: Cx<H>,
    mut tx: Tx,
    request: &Accepted,
    spec: &'static Spec,
    answer: Answer,
) -> Result<Answer, ApiError> {
    let status = answer.status.unwrap_or(spec.success);
    audit_row(&mut cx, &mut tx, request, spec, status, None).await?;
    tx.commit().await?;
    for hook in cx.take_hooks() {
        hook(&cx.app);
    }
    Ok(answer)
}

/// Rolls a refusal back to its savepoint and commits its audit row before the answer. The refusal may rest on a
/// neighbour's row that is not durable yet, so it too waits for the commit.
async fn refuse<H: Host>(
    mut cx: Cx<H>,
    mut tx: Tx,
    request: &Accepted,
    spec: &'static Spec,
    error: ApiError,
) -> Result<Answer, ApiError> {
    tx.rollback_to_savepoint().await?;
    audit_row(&mut cx, &mut tx, request, spec, error.code.status, Some(error.code.code)).await?;
    tx.commit().await?;
    Err(error)
}

async fn audit_row<H: Host>(
    cx: &mut Cx<H>,
    tx: &mut Tx,
    request: &Accepted,
    spec: &'static Spec,
    status: u16,
    error_code: Option<&str>,
) -> Result<(), ApiError> {
    let entry = AuditEntry {
        spec,
        principal: &request.principal,
        facts: &request.facts,
        now: cx.now,
        resource: cx.audited.as_ref(),
        status,
        error_code,
        request: &request.bytes,
    };
    store::audit(tx, cx.ids.as_mut(), &entry).await.map_err(ApiError::from)
}
